from fastapi import FastAPI

from shop.api import get_api_router
from shop.lifespan import lifespan

app = FastAPI(lifespan=lifespan, openapi_prefix="")
app.include_router(get_api_router())
