from fastapi import FastAPI

from service.routes import register_routes
from service.settings import get_settings


def create_app() -> FastAPI:
    settings = get_settings()
    app = FastAPI(title=settings.name)
    register_routes(app, settings)

    @app.get("/healthz", tags=["ops"])
    def health_check():
        """Says that it is well."""
        return "ok"

    return app
