from fastapi import APIRouter
from shop.constants import Tags

router = APIRouter(prefix="/users", tags=[Tags.USERS.value], responses={404: {"description": "Not found"}})


@router.get("/me", response_model=None, response_description="The user")
def me():
    'Me.'
