from fastapi import FastAPI

from crud import CRUDRouter
from models import Car, Driver

app = FastAPI()
for model in (Car, Driver):
    app.include_router(CRUDRouter(model))
app.include_router(CRUDRouter(Car, prefix="/read-only-cars", write=False), tags=["extra"])
