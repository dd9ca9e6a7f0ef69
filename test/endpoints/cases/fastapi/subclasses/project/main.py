from core import API, Router, TimedRoute

app = API(prefix="/root")
router = Router(prefix="/orders", tags=["orders"])
router.route_class = TimedRoute


@router.get("")
def orders():
    """All orders."""


@router.post("/new/")
def new_order():
    pass


@router.websocket("/feed")
async def feed(websocket):
    pass


app.include_router(router)
app.finish()
