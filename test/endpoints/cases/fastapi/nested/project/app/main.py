from fastapi import FastAPI

from .routers import root
from .routers.admin import admin_router as administration

application = FastAPI()
application.include_router(root, tags=["outer"])
application.include_router(administration, prefix="/admin", tags=["admin"], deprecated=True)
