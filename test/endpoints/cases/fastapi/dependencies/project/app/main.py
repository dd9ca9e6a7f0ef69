from fastapi import Depends, FastAPI, Security

from .auth import Guard, current_user, scopes
from .routes import router

app = FastAPI(dependencies=[Depends(current_user)])
app.include_router(router, dependencies=[Security(scopes, scopes=["a"])], responses={418: {"description": "teapot"}})


@app.get("/guarded", dependencies=[Depends(Guard("x"))])
def guarded(limit: int = 1, user=Depends(current_user)):
    """Guarded."""


@app.exception_handler(ValueError)
async def on_value_error(request, error):
    pass


@app.middleware("http")
async def add_header(request, call_next):
    return await call_next(request)


@app.on_event("startup")
async def startup():
    app.state.ready = True
