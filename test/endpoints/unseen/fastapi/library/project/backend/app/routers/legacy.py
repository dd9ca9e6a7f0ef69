from fastapi import APIRouter

router = APIRouter()


@router.get("/books.xml")
def books_xml():
    """All books as XML."""


@router.get("/members.csv", include_in_schema=False)
def members_csv(): ...
