from typing import List, Type

from fastapi import APIRouter
from pydantic import BaseModel


class ReadOnlyRouter(APIRouter):
    """Routes that list and show entities."""

    def __init__(self, schema: Type[BaseModel], name: str, **kwargs):
        super().__init__(prefix=f"/{name}", tags=[name.capitalize()], **kwargs)
        self.schema = schema
        self.entity = name
        self.setup()

    def setup(self):
        singular = self.schema.__name__
        self.add_api_route("", self.make_list(), methods=["GET"], response_model=List[self.schema], summary=f"List {self.entity}")
        self.add_api_route("/{item_id}", self.make_one(), methods=["GET"], response_model=self.schema, summary=f"Get one {singular}")

    def make_list(self):
        def get_all(skip: int = 0, limit: int = 50):
            """Pages of them."""
            return []

        return get_all

    def make_one(self):
        def get_one(item_id: int):
            return None

        return get_one
