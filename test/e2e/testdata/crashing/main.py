"""Ends with exit code 7 when asked to."""

import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def index() -> dict[str, str]:
    return {"name": "crashing"}


@app.get("/crash")
def crash() -> None:
    print("going down", flush=True)
    os._exit(7)
