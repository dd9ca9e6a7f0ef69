import glob
import importlib
import os
import pkgutil
from pathlib import Path

from fastapi import APIRouter, FastAPI

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

here = os.path.abspath(os.path.dirname(__file__))
for file in sorted(glob.glob(os.path.join(here, "*", "controller", "[!_]*.py"))):
    name = os.path.relpath(file, here).replace(os.sep, ".")[:-3]
    for key, value in importlib.import_module(name).__dict__.items():
        if isinstance(value, APIRouter):
            app.include_router(value, tags=[key])
