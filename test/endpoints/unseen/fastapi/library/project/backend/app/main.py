from fastapi import FastAPI

from app.routers import all_routers, legacy_router
from app.versions import CURRENT, prefix_of

app = FastAPI(title="Library")

for router in all_routers:
    app.include_router(router, prefix=prefix_of(CURRENT))

app.include_router(legacy_router, prefix="/legacy", include_in_schema=False)
app.include_router(legacy_router, prefix="/compat", deprecated=True, tags=["compat"])

public = FastAPI(title="Library for everybody")


@public.get("/opening-hours")
def opening_hours():
    """When the doors are open."""


partners = FastAPI()
partners.include_router(all_routers[0], prefix="/shared")
public.mount("/partners", partners)
app.mount("/public", public)
