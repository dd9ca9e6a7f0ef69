"""What each group of modules that a runner may preload saves a launch, and what it takes of a pod's memory.

Run where the runtime image's Python is, on an idle machine, with the file as its standard input: python3 - < test/bench/preload.py
"""

import gc
import importlib
import os
import statistics
import sys
import time

ROUNDS = 5
# In the order in which the runner loads them: what a group needs of an earlier one is that one's.
GROUPS = {
    "uvicorn, uvloop, httptools": "uvicorn uvicorn.logging uvicorn.lifespan.on uvicorn.protocols.http.auto"
                                  " uvicorn.protocols.websockets.auto uvloop httptools uvicorn.loops.uvloop logging.config",
    "pydantic": "pydantic pydantic_core",
    "starlette, anyio": "starlette.applications starlette.routing starlette.responses anyio._backends._asyncio anyio.to_thread",
    "fastapi": "fastapi fastapi.responses fastapi.security fastapi.openapi.docs fastapi.middleware.cors fastapi.staticfiles"
               " starlette.middleware.base starlette.websockets python_multipart",
    "standard library": "sqlite3 uuid decimal secrets hashlib contextlib dataclasses tempfile tomllib encodings.utf_8_sig",
    "pydantic_settings": "pydantic_settings",
    "email_validator": "email_validator",
    "jinja2": "jinja2",
    "yaml": "yaml",
    "jwt": "jwt",
    "sse_starlette": "sse_starlette",
    "sqlalchemy, orm, sqlite": "sqlalchemy sqlalchemy.orm sqlalchemy.dialects.sqlite",
    "sqlalchemy.ext.asyncio, aiosqlite": "sqlalchemy.ext.asyncio aiosqlite",
    "httpx": "httpx",
    "passlib, bcrypt": "passlib.context passlib.handlers.bcrypt bcrypt",
}


def load(names):
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            sys.exit(f"the image lacks {name}: {error}")


def in_a_fork(names):
    """Milliseconds that a fork of this process takes to import the names."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        begun = time.perf_counter()
        load(names)
        os.write(writer, str((time.perf_counter() - begun) * 1000).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        took = float(file.read())
    os.wait()
    return took


def private_mib():
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:")) / 1024


gc.disable()
print("| modules | saves, ms | takes, MiB |\n|---|---|---|")
for title, names in GROUPS.items():
    saves = statistics.median(in_a_fork(names.split()) for _ in range(ROUNDS))
    before = private_mib()
    load(names.split())
    gc.collect()
    print(f"| {title} | {saves:.1f} | {private_mib() - before:.1f} |")
