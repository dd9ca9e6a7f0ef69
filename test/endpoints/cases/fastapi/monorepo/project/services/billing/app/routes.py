from fastapi import APIRouter

router = APIRouter(prefix="/invoices")


@router.get("/{number}")
def invoice(number: str):
    """An invoice."""
