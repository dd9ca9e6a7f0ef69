"""The studio's API.

Every controller is a class whose methods are marked with verbs.
"""
from fastapi import FastAPI

from studio import settings
from studio.controllers import bookings, engineers, rooms
from studio.routing import mount_controller

app = FastAPI(
    title="Studio",
    root_path=settings.ROOT_PATH,
    openapi_tags=[{"name": "rooms", "description": "Where music is made"}],
)

mount_controller(app, rooms.RoomController)
mount_controller(app, bookings.BookingController, prefix=settings.prefix("bookings"))
mount_controller(app, engineers.EngineerController, prefix=settings.prefix("staff", "engineers"))

if settings.DEBUG:
    from studio.debug import debug_router

    app.include_router(debug_router, prefix="/_debug")


@app.api_route("/echo", methods=["GET", "POST", "PUT"], tags=["misc"])
async def echo():
    """Says what was said."""


@app.on_event("startup")
async def startup():
    ...


@app.middleware("http")
async def timing(request, call_next):
    return await call_next(request)
