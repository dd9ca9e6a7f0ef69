from fastapi import APIRouter, FastAPI

app = FastAPI()
router = APIRouter()


@router.get("")
async def collection():
    pass


@router.get("/")
async def with_slash():
    pass


@router.get("/{id}/")
async def member(id: int):
    pass


app.include_router(router, prefix="/things")


class Kinds:
    A = "a"
    B = "b"


@app.get("/kinds/{kind}/{sub:path}/end")
def _private_name__with__underscores(kind: str, sub: str):
    """   Indented first line.

        * one
          * two

    Last.
    """


@app.get("/raw")
def raw():
    r"""Has \d a backslash and 'quotes'."""


@app.get("/concatenated")
def concatenated():
    "One " "string."


@app.get("/not-doc")
def not_doc():
    f"""Not a docstring {1}."""


@app.get("/explicit", summary="", description="  padded  \n")
def explicit():
    """Doc."""


@app.get("/unicode-ä", tags=["größe"])
def größe_der_äpfel():
    """Zeigt Äpfel — alle."""
