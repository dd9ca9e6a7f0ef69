"""Allocates without end when asked to."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def index() -> dict[str, str]:
    return {"name": "hungry"}


@app.get("/allocate")
def allocate() -> None:
    print("allocating", flush=True)
    chunks = []
    while True:
        # Bytes other than zero are really written, and so count.
        chunks.append(b"x" * (4 << 20))
