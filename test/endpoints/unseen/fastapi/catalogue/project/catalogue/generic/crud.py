from .readonly import ReadOnlyRouter


class CRUDRouter(ReadOnlyRouter):
    """Routes that also change entities."""

    def setup(self):
        super().setup()
        schema = self.schema

        @self.post("", response_model=schema, status_code=201)
        def create(item: schema):
            """Create."""
            return item

        @self.put("/{item_id}", response_model=schema)
        def replace(item_id: int, item: schema):
            return item

        @self.delete("/{item_id}")
        def remove(item_id: int):
            """Remove.

            There is no way back.
            """

        if self.entity == "books":
            self.add_api_route("/{item_id}/cover", self.cover, methods=["GET"])

    def cover(self, item_id: int):
        """The picture on the front."""
