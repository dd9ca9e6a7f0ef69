from typing import Generic, List, TypeVar

from pydantic import BaseModel

T = TypeVar("T")


class Page(BaseModel):
    total: int = 0
    items: List[dict] = []
