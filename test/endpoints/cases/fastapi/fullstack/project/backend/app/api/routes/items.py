import uuid
from typing import Any

from fastapi import APIRouter, Depends

from app.api.deps import get_current_user, get_db

router = APIRouter(prefix="/items", tags=["items"])


@router.get("/")
def read_items(session=Depends(get_db), user=Depends(get_current_user), skip: int = 0, limit: int = 100) -> Any:
    """
    Retrieve items.
    """
    return []


@router.get("/{id}")
def read_item(id: uuid.UUID) -> Any:
    """
    Get item by ID.
    """


@router.post("/")
def create_item(*, session=Depends(get_db)) -> Any:
    """
    Create new item.

    Only for members:

        * signed in
        * active
    """


@router.put("/{id}")
def update_item(id: uuid.UUID) -> Any:
    """Update an item."""


@router.delete("/{id}")
def delete_item(id: uuid.UUID) -> Any:
    pass
