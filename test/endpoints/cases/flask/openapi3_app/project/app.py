from flask_openapi3 import APIBlueprint, Info, OpenAPI, Tag
from pydantic import BaseModel

app = OpenAPI(__name__, info=Info(title="books", version="1.0.0"))
tag = Tag(name="book", description="Books")
api = APIBlueprint("book", __name__, url_prefix="/api", abp_tags=[tag])


@app.get("/health", summary="not the docstring's")
def health():
    """Healthy."""
    return ""


@api.get("/books")
def books():
    """All books."""
    return []


@api.post("/books", summary="Add")
def add():
    return {}


@api.delete("/books/<int:bid>")
def remove():
    """Remove a book.

    For good.
    """
    return {}


app.register_api(api)
