from fastapi import APIRouter

router = APIRouter()


@router.get("", summary="Breaking news")
async def breaking(): ...


@router.put("/{news_id}/pin")
async def pin(news_id: int):
    "Pins it to the top."
