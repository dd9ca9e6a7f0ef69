from fastapi import APIRouter, Query

search_router = APIRouter()
FIELDS = ("title", "author", "isbn")


@search_router.get("/")
def search(q: str = Query(...)):
    """Search everywhere."""


def by_field(field):
    async def handler(value: str):
        return {field: value}

    return handler


for field in FIELDS:
    search_router.add_api_route(f"/by-{field}/{{value}}", by_field(field), methods=["GET"], name=f"search_by_{field}")
