from typing import Any

from fastapi import APIRouter, Depends, HTTPException

from app import crud
from app.api.deps import Clerk, Database, foreman_only
from app.models import Message, UserCreate, UserPublic

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/", dependencies=[Depends(foreman_only)])
def staff(session: Database, skip: int = 0, limit: int = 100) -> Any:
    """
    Everybody who works here.
    """
    return []


@router.post("/", dependencies=[Depends(foreman_only)], response_model=UserPublic)
def hire(*, session: Database, user_in: UserCreate) -> Any:
    """
    Hire somebody.
    """
    if crud.get_user_by_email(session=session, email=user_in.email):
        raise HTTPException(status_code=400, detail="exists")
    return user_in


@router.patch("/me", response_model=UserPublic)
def change_me(*, session: Database, current_user: Clerk) -> Any:
    """
    Change what is known of oneself.
    """
    return current_user


@router.patch("/me/pin", response_model=Message)
def change_my_password(*, session: Database, current_user: Clerk) -> Any:
    return Message(message="changed")


@router.get("/me", response_model=UserPublic)
def me(current_user: Clerk) -> Any:
    """Who am I?"""
    return current_user


@router.delete("/me", response_model=Message)
def leave(session: Database, current_user: Clerk) -> Any:
    """Leaves."""


@router.get("/{user_id}", response_model=UserPublic)
def colleague(user_id: int, session: Database, current_user: Clerk) -> Any:
    """
    One colleague.

    Only the foreman sees the others.
    """
