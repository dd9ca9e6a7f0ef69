from fastapi import APIRouter

pages = APIRouter()


@pages.get("/{number:int}")
def page(book_id: str, number: int):
    pass


hidden = APIRouter(prefix="/hidden", include_in_schema=False)


@hidden.get("/x")
def x():
    pass


pages.include_router(hidden)
