from typing import Any

from fastapi import APIRouter

from app.api.deps import Database
from app.models import UserCreate, UserPublic

router = APIRouter(tags=["private"], prefix="/private")


@router.post("/users/", response_model=UserPublic)
def create_user(user_in: UserCreate, session: Database) -> Any:
    """
    Hires somebody without asking.
    """
