"""The application."""

import logging
import sys

from fastapi import FastAPI

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
logging.getLogger("invoices").info("loading the routers")

from app.routers import invoices  # noqa: E402

app = FastAPI(title="Invoices", version="1.0.0")
app.include_router(invoices.router)


@app.get("/health", tags=["service"], summary="Health")
def health() -> dict[str, str]:
    """Whether the service answers."""
    return {"status": "ok"}
