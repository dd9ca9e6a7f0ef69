from fastapi import APIRouter, FastAPI

from settings import API, Config, urls

app = FastAPI(**API)
router = APIRouter(**urls["router"])
options = dict(tags=["kw"], deprecated=True)


@router.get(urls["paths"][0], **options)
def kw():
    pass


@router.get(f"{Config.Inner.PREFIX}{Config().suffix}")
def classes():
    pass


@router.get("/" + "/".join(["joined", *urls["parts"]]))
def joined():
    pass


@router.get(path="/keyword", name="by keyword")
def keyword():
    pass


app.include_router(router, **{"prefix": Config.root.rstrip("/"), "tags": ["outer"]})
