from fastapi import APIRouter, Depends

from app.auth import current_user

router = APIRouter(dependencies=[Depends(current_user)])


class Pagination:
    def __init__(self, offset: int = 0, size: int = 10):
        self.offset = offset


@router.get("/paged")
def paged(pagination: Pagination = Depends()):
    """Paged."""
