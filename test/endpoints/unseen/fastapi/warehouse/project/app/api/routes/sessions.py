from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from fastapi.security import OAuth2PasswordRequestForm

from app import crud
from app.api.deps import Clerk, Database, foreman_only
from app.core import security
from app.models import Message, Token, UserPublic

router = APIRouter(tags=["sessions"])


@router.post("/sessions")
def open_session(session: Database, form_data: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    """
    Opens a session, with a token for all that follows
    """
    crud.get_user_by_email(session=session, email=form_data.username)
    return Token(access_token=security.create_access_token("1", timedelta(minutes=1)))


@router.post("/sessions/check", response_model=UserPublic)
def check_session(current_user: Clerk) -> Any:
    """
    Whose session it is
    """
    return current_user


@router.post("/badges/{email}/lost")
def lost_badge(email: str, session: Database) -> Message:
    """
    Reports a lost badge
    """
    return Message(message="A new badge is being made")


@router.post(
    "/badges/{email}/lost.html",
    dependencies=[Depends(foreman_only)],
    response_class=HTMLResponse,
)
def lost_badge_page(email: str, session: Database) -> Any:
    """
    The page that a lost badge shows
    """
    return HTMLResponse(content="")
