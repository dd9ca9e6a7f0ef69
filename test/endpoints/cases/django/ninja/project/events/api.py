from ninja import Router

router = Router(tags=["events"])


@router.get("/")
def list_events(request):
    """All events."""
    return []


@router.get("/{event_id}")
def event_details(request, event_id: int):
    return {}


@router.post("/{event_id}/join", tags=["members"])
def join(request, event_id: int):
    return {}
