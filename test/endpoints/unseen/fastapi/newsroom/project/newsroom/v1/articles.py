from fastapi import APIRouter, Depends

from newsroom.paging import Paging

router = APIRouter()


@router.get("/")
async def articles(paging: Paging = Depends()):
    """Newest articles first."""


@router.get("/{slug}")
async def article(slug: str):
    r"""One article, with \LaTeX formulas."""


@router.get("/{slug}/comments", tags=["comments"])
async def comments(slug: str): ...
