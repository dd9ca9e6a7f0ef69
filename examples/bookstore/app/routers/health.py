from fastapi import APIRouter

from app.dependencies import ConnectionDep, SettingsDep

router = APIRouter(tags=["service"])


@router.get("/", summary="About this service")
def about(settings: SettingsDep) -> dict[str, str]:
    """Name, version and where to look next."""
    return {"name": settings.app_name, "version": settings.version, "books": "/books", "docs": "/docs"}


@router.get("/health", summary="Health")
def health(connection: ConnectionDep) -> dict[str, str | int]:
    """Whether the database answers."""
    books = connection.execute("SELECT count(*) FROM books").fetchone()[0]
    return {"status": "ok", "books": books}
