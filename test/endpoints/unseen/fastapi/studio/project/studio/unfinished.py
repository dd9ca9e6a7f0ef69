from fastapi import APIRouter

router = APIRouter()

@router.get("/lost"
def lost():
    return
