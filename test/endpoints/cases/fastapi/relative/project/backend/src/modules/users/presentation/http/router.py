from fastapi import APIRouter
from ....orders.presentation import http as orders
router = APIRouter(prefix="/users", tags=["users"])
@router.get("/", response_model=list)
def users(): ...
router.include_router(orders.router, prefix="/{user_id}")
