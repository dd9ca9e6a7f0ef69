"""The application: settings, logging, lifespan, middleware and routers."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from app.config import get_settings
from app.database import create_database
from app.logging_config import configure_logging
from app.routers import authors, books, health

settings = get_settings()
configure_logging(settings.log_level)
logger = logging.getLogger("bookstore")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    count = create_database(settings.database_path)
    logger.info("%s %s started with %d books", settings.app_name, settings.version, count)
    yield
    logger.info("%s stopped", settings.app_name)


app = FastAPI(
    title=settings.app_name,
    version=settings.version,
    description="A catalogue of authors and books.",
    lifespan=lifespan,
)


@app.middleware("http")
async def log_requests(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    started = time.perf_counter()
    response = await call_next(request)
    elapsed = (time.perf_counter() - started) * 1000
    response.headers["X-Process-Time-Ms"] = f"{elapsed:.1f}"
    logger.info("%s %s -> %d in %.1f ms", request.method, request.url.path, response.status_code, elapsed)
    return response


app.include_router(health.router)
app.include_router(authors.router)
app.include_router(books.router)
