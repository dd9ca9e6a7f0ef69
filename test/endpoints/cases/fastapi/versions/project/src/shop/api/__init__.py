from fastapi import APIRouter

from shop.api import v1, v2
from shop.constants import ApiVersion


def get_api_router() -> APIRouter:
    router = APIRouter(prefix="/api")
    for version, module in ((ApiVersion.V1, v1), (ApiVersion.V2, v2)):
        router.include_router(module.router, prefix=f"/{version.value}")
    return router
