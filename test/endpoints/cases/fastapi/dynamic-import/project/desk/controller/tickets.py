from fastapi import APIRouter

tickets = APIRouter(prefix="/tickets")


@tickets.get("/open")
def open_tickets():
    """Open tickets."""
