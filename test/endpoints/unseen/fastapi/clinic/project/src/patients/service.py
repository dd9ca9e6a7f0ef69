from src.patients.models import Patient


class PatientService:
    """Reads and writes patients."""

    def __init__(self, session):
        self.session = session

    async def get(self, patient_id: int):
        return await self.session.get(Patient, patient_id)
