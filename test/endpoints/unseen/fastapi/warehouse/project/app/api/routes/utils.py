from fastapi import APIRouter, Depends

from app.api.deps import foreman_only
from app.models import Message

router = APIRouter(prefix="/utils", tags=["utils"])


@router.post("/test-label/", dependencies=[Depends(foreman_only)], status_code=201)
def print_test_label(printer: str) -> Message:
    """
    Prints a label to try a printer.
    """
    return Message(message="printed")


@router.get("/health-check/")
async def health_check() -> bool:
    return True


@router.get("/internal", include_in_schema=False)
async def internal():
    return {}
