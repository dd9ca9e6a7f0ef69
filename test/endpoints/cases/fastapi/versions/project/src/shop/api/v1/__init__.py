from fastapi import APIRouter

from .orders import router as orders_router
from .users import router as users_router

router = APIRouter()
routers = [orders_router, users_router]
for each in routers:
    router.include_router(each)
