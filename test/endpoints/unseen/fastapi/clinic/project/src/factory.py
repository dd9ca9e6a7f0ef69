import logging

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from src import admin
from src.appointments.router import router as appointments_router
from src.billing import router as billing_router
from src.constants import Tag, Version
from src.patients.router import router as patients_router
from src.realtime import register_sockets

logger = logging.getLogger(__name__)

ROUTERS = [
    (patients_router, "/patients", Tag.PATIENTS),
    (appointments_router, "/appointments", Tag.APPOINTMENTS),
    (billing_router, "/billing", Tag.BILLING),
]


def register_routers(app: FastAPI, version: Version) -> None:
    for router, prefix, tag in ROUTERS:
        logger.debug("router %s", prefix)
        app.include_router(router, prefix=f"/{version.value}{prefix}", tags=[tag])


def register_handlers(app: FastAPI) -> None:
    @app.exception_handler(ValueError)
    async def on_value_error(request: Request, error: ValueError):
        return JSONResponse({"detail": str(error)}, status_code=422)


def create_app() -> FastAPI:
    app = FastAPI(title="Clinic", root_path="/clinic")
    register_handlers(app)
    register_routers(app, Version.V1)
    register_sockets(app)
    app.mount("/admin", admin.make())

    @app.get("/", tags=[Tag.SYSTEM])
    async def root():
        """Says hello."""
        return {"hello": "world"}

    @app.get("/healthz", tags=[Tag.SYSTEM], summary="Liveness", include_in_schema=True)
    def health():
        return "ok"

    return app
