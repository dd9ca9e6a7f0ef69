from fastapi import APIRouter
router = APIRouter()
@router.get("/")
def index():
    """Alpha's index."""
