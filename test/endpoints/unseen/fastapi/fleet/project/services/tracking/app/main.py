from fastapi import FastAPI

from .routers import devices, positions

app = FastAPI(title="Tracking")
app.include_router(devices.router)
app.include_router(positions.router, prefix="/tracking")


@app.get("/tracking/status")
def tracking_status():
    """State of this service."""
