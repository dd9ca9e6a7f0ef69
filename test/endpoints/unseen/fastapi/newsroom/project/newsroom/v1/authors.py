from fastapi import APIRouter

PREFIX = "/people/authors"
TAGS = ["people"]

router = APIRouter(deprecated=True)


@router.get("/")
def authors():
    """Everyone who writes."""


@router.get("/{author_id}")
def author(author_id: int): ...
