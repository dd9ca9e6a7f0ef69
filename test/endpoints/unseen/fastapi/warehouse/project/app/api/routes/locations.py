from fastapi import APIRouter

from app.api.deps import Database

router = APIRouter()
shelves = APIRouter(prefix="/{location_id}/shelves", tags=["shelves"])


@router.get("")
def list_locations(session: Database):
    """All places where things are kept"""


@router.get("/{location_id}")
def get_location(location_id: int):
    ...


@shelves.get("")
async def list_shelves(location_id: int): ...


@shelves.post("/{shelf}/lock", description="Locks a shelf until it is unlocked again.")
async def lock(location_id: int, shelf: str):
    """Not shown."""


@shelves.delete("/{shelf}/lock")
async def unlock(location_id: int, shelf: str):
    """Unlocks."""


router.include_router(shelves)
