from fastapi import APIRouter

router = APIRouter()


@router.get("/before")
def before():
    pass


@router.get("/summed", summary="Given")
def summed():
    pass
