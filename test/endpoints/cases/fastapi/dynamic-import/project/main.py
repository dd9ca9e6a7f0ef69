import importlib
import pkgutil
from pathlib import Path

from fastapi import FastAPI

import modules

app = FastAPI()


def include_all():
    for info in pkgutil.iter_modules(modules.__path__):
        module = importlib.import_module(f"modules.{info.name}")
        if hasattr(module, "router"):
            app.include_router(module.router, prefix=f"/{info.name}", tags=[info.name])


include_all()

for file in sorted(Path(__file__).parent.joinpath("plugins").glob("*.py")):
    if file.stem != "__init__":
        plugin = importlib.import_module("plugins." + file.stem)
        plugin.setup(app)
