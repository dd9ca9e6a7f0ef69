from typing import Generic, Optional, Type, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


class CRUDRouter(APIRouter, Generic[T]):
    def __init__(self, model: Type[T], prefix: Optional[str] = None, *, write: bool = True):
        name = model.__name__
        super().__init__(prefix=prefix or f"/{name.lower()}s", tags=[name])
        self.model = model
        self.get("/", summary=f"List {name}s")(self._list())
        self.get("/{item_id}")(self._read())
        if write:
            self.add_api_route("/", self._create(), methods=["POST"], description=f"Creates a {name.lower()}.")

    def _list(self):
        async def list_items():
            """Lists all items."""

        return list_items

    def _read(self):
        async def read(item_id: int):
            pass

        read.__name__ = f"read_{self.model.__name__.lower()}"
        return read

    def _create(self):
        def create(item: self.model):
            pass

        return create
