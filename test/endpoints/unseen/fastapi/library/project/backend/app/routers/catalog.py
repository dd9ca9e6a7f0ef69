from typing import Literal

from fastapi import APIRouter, Header

router = APIRouter(prefix="/catalog", tags=["catalog"])
copies = APIRouter(tags=["copies"])
shelf = APIRouter()


@router.get("/", response_description="The books")
def browse(genre: Literal["crime", "poetry"] = "crime", x_token: str = Header(None)):
    """Browse the catalogue."""


@copies.get("/copies")
def list_copies(isbn: str): ...


@copies.post("/copies")
def add_copy(isbn: str):
    """Adds a copy of a book"""


@shelf.get("/shelf/{mark}")
def where(isbn: str, mark: str):
    """
    Finds a copy.
        It may be lent.

    Ask at the desk.
    """


copies.include_router(shelf, prefix="/copies", tags=["shelves"])
router.include_router(copies, prefix="/{isbn}")


@router.get("/too-late")
def too_late(): ...
