"""Tells its own nonce and what it was sent."""

import os
from pathlib import Path

from fastapi import FastAPI, Request

app = FastAPI()
nonce = Path(__file__).with_name("nonce.txt").read_text().strip()
print(f"minimal {nonce} is up", flush=True)


@app.get("/")
def index() -> dict[str, str]:
    return {"nonce": nonce}


@app.get("/say/{word}")
def say(word: str) -> dict[str, str]:
    print(f"saying {word}", flush=True)
    return {"said": word}


@app.api_route("/echo/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def echo(request: Request) -> dict:
    return {
        "method": request.method,
        "path": request.scope["raw_path"].decode("latin-1"),
        "query": request.url.query,
        "headers": dict(request.headers),
        "body": (await request.body()).decode("utf-8", "replace"),
        "port": os.environ.get("PORT", ""),
    }
