from ninja import NinjaAPI, Router, Schema

from events.api import router as events_router
from news.api import router as news_router

api = NinjaAPI(title="API", version="2.0.0")
public = NinjaAPI(urls_namespace="public", docs_url=None)

api.add_router("/events/", events_router)
api.add_router("/news/", news_router)

nested = Router(tags=["deep"])


class Item(Schema):
    name: str


@nested.get("/leaf/{int:leaf_id}")
def get_leaf(request, leaf_id: int):
    return {}


middle = Router()
middle.add_router("/nested", nested)
api.add_router("/middle", middle)


@api.get("/hello")
def hello(request):
    """Say hello.

    To everybody.
    """
    return "hello"


@api.post("/items", tags=["items", "write"], summary="Add an item", description="It is kept.")
def add_item(request, item: Item):
    return item


@api.api_operation(["PUT", "PATCH"], "/items/{item_id}")
def change_item(request, item_id: int):
    return {}


@api.delete("/items/{item_id}", operation_id="remove", deprecated=True)
def delete_item(request, item_id: int):
    """Delete it."""
    return {}


@api.get("/hidden", include_in_schema=False)
def hidden(request):
    return {}


@public.get("")
async def root(request):
    return {}
