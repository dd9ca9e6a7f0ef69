from fastapi import APIRouter
router = APIRouter()
@router.patch("/{id}")
def change(id: str): pass
