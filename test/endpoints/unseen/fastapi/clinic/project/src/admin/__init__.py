from fastapi import FastAPI

from .users import router as users


def make() -> FastAPI:
    admin = FastAPI(title="Clinic's administration")
    admin.include_router(users, prefix="/users", tags=["staff"])

    @admin.get("/stats")
    def stats():
        """Figures of the day."""

    return admin
