from functools import partial

from dispatch.base import Controller


class DriverController(Controller):
    def register(self):
        get = partial(self.router.add_api_route, methods=["GET"])
        get("", self.index)
        get("/{driver_id}", self.show)
        self.router.add_api_route("/{driver_id}/breaks", self.take_break, methods=["POST"], tags=["breaks"])

    def index(self):
        """Drivers on duty."""

    def show(self, driver_id: int): ...

    def take_break(self, driver_id: int):
        """Has a rest."""
