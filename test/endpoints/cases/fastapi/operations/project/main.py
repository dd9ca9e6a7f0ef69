from fastapi import FastAPI
from fastapi.routing import APIRoute

from routers import router


def use_names(app: FastAPI) -> None:
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
            route.summary = route.summary or f"Does {route.name}"


app = FastAPI(generate_unique_id_function=lambda route: f"x_{route.name}")
app.include_router(router)
use_names(app)


@app.get("/after")
def after():
    pass
