from ..v1.orders import router as old
from fastapi import APIRouter

router = APIRouter(deprecated=False)
router.include_router(old, tags=["v2"], deprecated=True)


@router.get("/status", tags=list({"a": 1, "b": 2}))
def status(): "All is well."
