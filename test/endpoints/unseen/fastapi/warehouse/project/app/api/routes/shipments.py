from fastapi import APIRouter, BackgroundTasks, Query, WebSocket

router = APIRouter()


@router.get("")
async def list_shipments(state: str = Query("open")):
    """
    List shipments.

    - **state**: open, sent or lost
    - newest first
    """


@router.post("", name="Announce")
async def announce_shipment(tasks: BackgroundTasks):
    """Announce a shipment."""


@router.api_route("/{number}/events", methods=["GET", "POST"])
async def events(number: str):
    """What happened."""


@router.get("/{number:path}/label.pdf", include_in_schema=True)
async def label(number: str): ...


@router.websocket("/{number}/live")
async def live(socket: WebSocket, number: str):
    """Positions as they come in."""
