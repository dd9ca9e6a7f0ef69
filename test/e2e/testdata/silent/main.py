"""Never accepts a connection: its lifespan does not end."""

import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(_: FastAPI):
    print("waiting for a database that never answers", flush=True)
    await asyncio.Event().wait()
    yield


app = FastAPI(lifespan=lifespan)
