from fastapi import APIRouter, Depends

from app.api.deps import get_current_active_superuser
from app.models import Message

router = APIRouter(prefix="/utils", tags=["utils"])


@router.post("/test-email/", dependencies=[Depends(get_current_active_superuser)], status_code=201)
def test_email(email_to: str) -> Message:
    """
    Test emails.
    """
    return Message(message="Test email sent")


@router.get("/health-check/")
async def health_check() -> bool:
    return True


@router.get("/internal", include_in_schema=False)
async def internal():
    return {}
