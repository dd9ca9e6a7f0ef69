from fastapi import FastAPI

from app.registry import registry
from app import handlers  # noqa

app = FastAPI()
registry.apply(app)
