from fastapi import APIRouter

from . import books
from .people import router as people_router

root = APIRouter(prefix="/library", tags=["library"])
root.include_router(books.router, prefix="/books", tags=["books"])
root.include_router(people_router)

__all__ = ["root"]
