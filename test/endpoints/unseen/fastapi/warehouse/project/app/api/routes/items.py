import uuid
from typing import Any

from fastapi import APIRouter, status

from app.api.deps import CurrentUser, SessionDep
from app.models import ItemBase, ItemPublic

router = APIRouter(prefix="/items", tags=["items"])


@router.get("/")
def read_items(session: SessionDep, current_user: CurrentUser, skip: int = 0) -> Any:
    """Retrieve items."""


@router.get("/{id}", response_model=ItemPublic)
def read_item(session: SessionDep, id: uuid.UUID) -> Any:
    """Get item by ID."""


@router.post("/", response_model=ItemPublic, status_code=status.HTTP_201_CREATED, summary="Put an item on a shelf")
def create_item(*, session: SessionDep, item_in: ItemBase) -> Any:
    """Create new item.

    The SKU must be free.
    """


@router.put("/{id}", response_model=ItemPublic)
def update_item(*, id: uuid.UUID, item_in: ItemBase) -> Any:
    """Update an item."""


@router.delete("/{id}", deprecated=True)
def delete_item(id: uuid.UUID):
    """Delete an item."""
