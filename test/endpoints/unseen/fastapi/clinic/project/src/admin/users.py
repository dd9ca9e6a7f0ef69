from fastapi import APIRouter

router = APIRouter()


@router.get("/")
def list_staff(): ...


@router.post("/{login}/disable")
def disable(login: str):
    """Disables a login.

    Sessions end at once.
    """
