from studio.routing import delete, get, patch, post


class RoomController:
    path = "/rooms"
    tag = "rooms"

    @get()
    async def list_rooms(self):
        """Rooms by size."""

    @post(status_code=201, summary="Open a room")
    async def open_room(self): ...

    @get("/{room}")
    async def show_room(self, room: str): ...

    @patch("/{room}/gear/{gear_id}")
    async def move_gear(self, room: str, gear_id: int):
        """Moves gear.

        It has to be unplugged.
        """

    @delete("/{room}", deprecated=True)
    async def close_room(self, room: str): ...
