from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Session

from app.core.config import settings

reusable_oauth2 = OAuth2PasswordBearer(tokenUrl=f"{settings.API_V1_STR}/login/access-token")


def get_db():
    with Session() as session:
        yield session


def get_current_user(token: str = Depends(reusable_oauth2)):
    return token
