"""Answers late, at length, or not to the end."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.get("/late")
async def late() -> None:
    await asyncio.sleep(30)


@app.get("/long")
def long() -> Response:
    return Response(b"x" * (11 << 20))


async def cut() -> AsyncIterator[bytes]:
    yield b"beginning"
    raise RuntimeError("no end")


@app.get("/cut")
def broken() -> StreamingResponse:
    return StreamingResponse(cut())
