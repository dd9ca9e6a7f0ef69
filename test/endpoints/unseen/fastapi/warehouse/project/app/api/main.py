from fastapi import APIRouter

from app.api.routes import items, locations, private, sessions, shipments, users, utils
from app.core.config import settings

api_router = APIRouter()
api_router.include_router(sessions.router)
api_router.include_router(users.router)
api_router.include_router(utils.router)
api_router.include_router(items.router)
api_router.include_router(locations.router, prefix="/locations", tags=["locations"])
api_router.include_router(shipments.router, prefix="/shipments", tags=["shipments", "logistics"])

if settings.ENVIRONMENT == "local":
    api_router.include_router(private.router)
