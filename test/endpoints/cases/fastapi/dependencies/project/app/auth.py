from typing import Annotated

from fastapi import Depends, Header
from fastapi.security import HTTPBearer

bearer = HTTPBearer()
Token = Annotated[str, Depends(bearer)]


def current_user(x_user: str = Header("nobody"), page: int = 1):
    return x_user


def scopes(user=Depends(current_user)):
    return []


class Guard:
    def __init__(self, name):
        self.name = name

    def __call__(self, token: Token):
        return token
