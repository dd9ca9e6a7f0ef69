from fastapi import APIRouter, FastAPI


def make_router(version: str) -> APIRouter:
    router = APIRouter(prefix=f"/{version}/jobs")

    @router.get("/", name=f"list_jobs_{version}")
    def list_jobs():
        """Lists jobs."""

    @router.post("/{job_id}/cancel")
    def cancel(job_id: int):
        pass

    return router


def register_routes(app: FastAPI, settings) -> None:
    for version in settings.versions:
        app.include_router(make_router(version), prefix=settings.base, tags=[version.upper()])
