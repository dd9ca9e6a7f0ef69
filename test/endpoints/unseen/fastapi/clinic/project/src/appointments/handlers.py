"""Functions behind the routes of appointments."""


async def search(day: str = ""):
    """Search for appointments."""


async def book(patient_id: int, slot: str):
    """Book.

    Fails if the slot is taken.
    """


async def read(appointment_id: int):
    return None


async def cancel(appointment_id: int):
    """Cancels an appointment."""


async def slots():
    """Free slots."""
