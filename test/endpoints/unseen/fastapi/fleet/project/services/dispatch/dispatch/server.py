from fastapi import FastAPI

from dispatch.jobs.api import JobController
from dispatch.drivers.api import DriverController
from dispatch.legacy import legacy

app = FastAPI(title="Dispatch")

controllers = [JobController(), DriverController(prefix="/drivers")]
for controller in controllers:
    app.include_router(controller.router, prefix="/dispatch")

app.mount(path="/old", app=legacy)
