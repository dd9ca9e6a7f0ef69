from studio.routing import get, post, put


class BookingController:
    path = "/not-used"
    tag = "bookings"

    @get("/")
    def all_bookings(self): ...

    @post("/")
    def book(self):
        """Books a room."""

    @put("/{booking_id}/confirm")
    def confirm(self, booking_id: int):
        """Confirms a booking."""
