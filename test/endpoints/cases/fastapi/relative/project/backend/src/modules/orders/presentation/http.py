from fastapi import APIRouter
from ....shared.constants import PREFIX
router = APIRouter(prefix="/orders")
@router.get("/where")
def where():
    return PREFIX
