from fastapi import APIRouter, FastAPI

app = FastAPI()
early = APIRouter(prefix="/early")


@early.get("/one")
def one():
    pass


app.include_router(early)


@early.get("/two")
def two():
    """Added after the router was included."""


@app.get("/same")
def first():
    """Wins."""


@app.get("/same")
def second():
    """Loses."""


parts = APIRouter()
parts.tags.append("changed")
parts.prefix = "/moved"


@parts.get("/here")
def here():
    pass


for route in parts.routes:
    route.summary = "Summary of " + route.name

app.include_router(parts)
app.router.routes = [route for route in app.router.routes if getattr(route, "path", "") != "/early/nothing"]
