"""Nothing is served from here."""
from fastapi import FastAPI

app = FastAPI()


@app.get("/old")
def old():
    pass
