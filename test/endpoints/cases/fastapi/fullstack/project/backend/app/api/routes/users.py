from fastapi import APIRouter, Depends

from app.api.deps import get_current_user

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/", dependencies=[Depends(get_current_user)])
def read_users(skip: int = 0, limit: int = 100):
    """Retrieve users."""


@router.patch("/me")
def update_user_me():
    """Update own user."""


@router.get("/me")
def read_user_me():
    pass
