import os
from typing import TYPE_CHECKING

from fastapi import FastAPI

import config

if TYPE_CHECKING:
    from nowhere import Something

app = FastAPI(docs_url="/docs" if config.DEBUG else None)

if config.DEBUG:
    @app.get("/debug")
    def debug():
        pass
else:
    @app.get("/production")
    def production():
        pass

if os.getenv("FEATURE_X", "off") == "on":
    @app.get("/feature-x")
    def feature_x():
        pass

if config.FEATURES.get("search"):
    from search import router
    app.include_router(router, prefix=config.PREFIX or "/default")

try:
    import missing_package_for_sure_xyz.sub
except ImportError:
    pass

enabled = [name for name, on in config.FEATURES.items() if on]


@app.get("/features", include_in_schema="search" in enabled)
def features():
    return enabled


@app.get("/internal", include_in_schema=config.DEBUG)
def internal():
    pass


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app)
