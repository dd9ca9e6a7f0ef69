from fastapi import APIRouter, WebSocket

from ..config import STREAM

router = APIRouter(prefix="/positions")


@router.get("/latest")
def latest(): ...


@router.get("/{device_id:int}/history")
def history(device_id: int):
    """
    Where it was.

    Points are thinned out
    to one a minute.
    """


@router.websocket(STREAM)
async def stream(socket: WebSocket):
    """Positions as they happen."""
