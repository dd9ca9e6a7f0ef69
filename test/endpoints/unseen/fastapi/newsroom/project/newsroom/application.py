import importlib
import pkgutil

from fastapi import APIRouter, FastAPI

from newsroom import v1, v2


def discover(package) -> APIRouter:
    """One router for all modules of a package that have one."""
    collected = APIRouter()
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        router = getattr(module, "router", None)
        if router is None:
            continue
        collected.include_router(
            router,
            prefix=getattr(module, "PREFIX", f"/{info.name.replace('_', '-')}"),
            tags=getattr(module, "TAGS", [info.name]),
        )
    return collected


def build() -> FastAPI:
    app = FastAPI(title="Newsroom")
    for package in (v1, v2):
        version = package.__name__.rsplit(".", 1)[-1]
        app.include_router(discover(package), prefix=f"/api/{version}")
    return app
