import uuid
from typing import Any

from fastapi import APIRouter, status

from app.api.deps import Clerk, Database
from app.models import ItemBase, ItemPublic

router = APIRouter(prefix="/items", tags=["items"])


@router.get("/")
def read_items(session: Database, current_user: Clerk, skip: int = 0) -> Any:
    """What is in stock."""


@router.get("/{id}", response_model=ItemPublic)
def read_item(session: Database, id: uuid.UUID) -> Any:
    """One item."""


@router.post("/", response_model=ItemPublic, status_code=status.HTTP_201_CREATED, summary="Put an item on a shelf")
def create_item(*, session: Database, item_in: ItemBase) -> Any:
    """Puts something on a shelf.

    The SKU must be free.
    """


@router.put("/{id}", response_model=ItemPublic)
def update_item(*, id: uuid.UUID, item_in: ItemBase) -> Any:
    """Counts an item anew."""


@router.delete("/{id}", deprecated=True)
def delete_item(id: uuid.UUID):
    """Takes an item off the list."""
