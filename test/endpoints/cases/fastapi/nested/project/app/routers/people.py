import fastapi

router = fastapi.APIRouter(prefix="/people", deprecated=True)


@router.get("/")
def people():
    "Everybody."


@router.delete("/{id}")
def remove(id: int):
    pass
