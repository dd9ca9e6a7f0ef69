from studio.controllers.bookings import BookingController
from studio.routing import get


class EngineerController(BookingController):
    tag = "engineers"

    @get("/free")
    def free(self):
        """Who has time."""

    def all_bookings(self):
        """Overridden without a route."""
