from fastapi import APIRouter

from .pages import pages

router = APIRouter(tags=["own"])


@router.get("", tags=["route"])
def all_books():
    pass


router.include_router(pages, prefix="/{book_id}/pages", include_in_schema=True)


@router.get("/late")
def added_after_the_nested_one():
    pass
