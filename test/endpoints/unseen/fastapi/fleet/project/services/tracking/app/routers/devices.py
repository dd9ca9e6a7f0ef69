from fastapi import APIRouter

from ..config import PREFIX

router = APIRouter(prefix=PREFIX, tags=["devices"])


@router.get("")
def devices():
    """All devices."""


@router.get("/{imei}")
def device(imei: str): ...


@router.post("/{imei}/command")
def command(imei: str):
    """Sends a command."""
