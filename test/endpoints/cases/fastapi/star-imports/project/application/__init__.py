from fastapi import FastAPI

from .http import *
from .http import _private as private

__all__ = ["FastAPI", "build"]


def build(app):
    for router in ALL:
        app.include_router(router)
    app.include_router(private, prefix="/private")
    return app
