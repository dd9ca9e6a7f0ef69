from fastapi import APIRouter

router = APIRouter()


@router.get("/must-not-appear")
def hidden():
    ...
