"""Loads what applications are made of before anybody's code comes, and forks the process that will run it.

Part of the runner's one embedded script (see embed.go).
"""

import gc
import importlib
import mmap
import os
import re
import socket
import sys
import threading
import time

# What every application is served with; what an image lacks is left out, except uvicorn. "uvicorn main:app" has these
# loaded as well when it imports main: a project cannot shadow them.
SERVER = (
    "uvicorn", "uvicorn.logging", "uvicorn.lifespan.on", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
    "uvloop", "httptools", "uvicorn.loops.auto", "uvicorn.loops.uvloop",
)
# What every application of FastAPI needs. A runner that has loaded these is usable.
FRAMEWORK = (
    "logging.config", "fastapi", "fastapi.responses", "pydantic", "pydantic_core", "anyio._backends._asyncio", "anyio.to_thread",
)
# What many of them use.
COMMON = (
    "fastapi.security", "fastapi.openapi.docs", "fastapi.middleware.cors", "fastapi.staticfiles",
    "starlette.middleware.base", "starlette.websockets", "python_multipart", "sqlite3", "uuid", "decimal", "secrets",
    "hashlib", "contextlib", "dataclasses", "tempfile", "pydantic_settings", "email_validator", "tomllib",
    "encodings.utf_8_sig", "sse_starlette",
)
# Loaded after those, in a process of their own that only projects get that name one of NAMED: they take 20 MiB, and are
# not loaded where two processes would be a good part of the memory there is. What each of all these saves and takes is in
# docs/benchmarks.md.
LARGE = (
    "jinja2", "yaml", "jwt", "sqlalchemy", "sqlalchemy.orm", "sqlalchemy.dialects.sqlite", "sqlalchemy.ext.asyncio",
    "aiosqlite", "httpx",
)
NAMED = ("jinja2", "fastapi.templating", "starlette.templating", "yaml", "jwt", "sqlalchemy", "sqlmodel", "aiosqlite", "httpx")
LARGE_FROM_MB = 512
WARM_UP_SECONDS = 5
ASSIGNMENT_SECONDS = 0.03
# How long the process that forked may take to be ended by the runner.
PARENT_SECONDS = 60

# Where zoneinfo looks for time zones. Without the variable it loads all that is known of how Python was built, 650 KiB, to
# find this default.
TIME_ZONES = "PYTHONTZPATH", "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo"

MADV_POPULATE_WRITE = 23
# Names of modules that are loaded only because of this.
preloaded = set()


def preload(control, modules, warm):
    """Import and warm up for as long as nobody waits, and tell whether all of it was done. Raises ImportError without uvicorn."""
    with Courtesy(control, warm):
        if not load_modules(control, modules):
            return False
    before = set(sys.modules)
    madvise(0, 0, MADV_POPULATE_WRITE)
    preloaded.update(sys.modules.keys() - before)
    try:
        if "fastapi" in sys.modules:
            warm_up()
    except Exception as error:
        say(f"WARNING: warm-up failed, the first request will be slower: {describe(error)}")
    for thread in threading.enumerate():
        # A thread that holds a lock during the fork holds it for ever in the child.
        if thread is not threading.current_thread():
            thread.join(WARM_UP_SECONDS)
    return not control.waits()


def load_modules(control, modules):
    """Import them, or the lists above, for as long as nobody waits, and tell whether that was to the end."""
    needed, more = (SERVER, modules) if modules else (SERVER + FRAMEWORK, COMMON)
    load_time_zones()
    native = None
    for number, name in enumerate(needed + more):
        if number == len(SERVER):
            native = set(sys.modules)
        load_module(name)
        if native is not None:
            preloaded.update(sys.modules.keys() - native)
        if number == len(needed) - 1:
            control.tell(event="usable")
            # Who has waited for that is about to send an assignment, and should not have to wait for the next module.
            if control.waits(ASSIGNMENT_SECONDS):
                return False
        if control.waits():
            return False
    return True


def load_module(name):
    try:
        if name == "fastapi":
            load_fastapi()
        importlib.import_module(name)
    except ImportError:
        if name == "uvicorn":
            raise
    except Exception as error:
        # A module that cannot be loaded here may do where a project sets it up; without it, launches are only slower.
        say(f"WARNING: {name} was not preloaded: {describe(error)}")


def load_time_zones():
    variable, folders = TIME_ZONES
    if variable in os.environ:
        return
    os.environ[variable] = folders
    load_module("zoneinfo")
    del os.environ[variable]


def load_fastapi():
    """Import it with the validators of its own models left to their first use: 4 MiB that few of them are ever used of."""
    from pydantic import BaseModel

    rebuild = BaseModel.__dict__["model_rebuild"]

    def used(cls, **options):
        # FastAPI asks for it without options, as soon as there are the models that others name; the first use with some.
        return rebuild.__func__(cls, **options) if options else None

    BaseModel.model_config["defer_build"] = True
    BaseModel.model_rebuild = classmethod(used)
    try:
        importlib.import_module("fastapi")
    finally:
        BaseModel.model_rebuild = rebuild
        del BaseModel.model_config["defer_build"]


def fork(control):
    """Return in a new process, whose parent ends: its number."""
    sys.stdout.flush()
    sys.stderr.flush()
    # What is loaded stays: collections need not look at it, and write to it, any more.
    gc.freeze()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        control.tell(event="forked", pid=pid)
        # The runner ends this process once it watches the other one, which it inherits.
        time.sleep(PARENT_SECONDS)
        os._exit(0)
    return parent


def tidy_up():
    """Give back the memory of what importing made and nobody needs: half a MiB for 30 ms, which only idle processes have."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def await_end(process):
    """Wait until the process that this one was forked from has ended."""
    while os.getppid() == process:
        time.sleep(0.001)


def own_memory():
    """Take over the memory that was shared with processes that have ended.

    Otherwise the first write to each page of it traps, thousands of times while a project is imported. It costs no memory:
    there is nobody left to share it with.
    """
    for start, end in mappings("/proc/self/maps"):
        for first, last in resident(start, end):
            # Fails, and changes nothing, before Linux 5.14.
            madvise(first, last - first, MADV_POPULATE_WRITE)


def fork_larger(control, warm):
    """Return None in a new process that has loaded the large modules, too, and otherwise a file that ends when it has.

    It is the runner's child, as its parent has ended: an application has no children that it did not make.
    """
    loaded, loading = os.pipe()
    between = os.fork()
    if between:
        os.close(loading)
        os.waitpid(between, 0)
        return loaded
    between = os.getpid()
    if os.fork():
        os._exit(0)
    os.close(loaded)
    await_end(between)
    control.tell(event="forked", pid=os.getpid())
    before = set(sys.modules)
    with Courtesy(control, warm):
        for name in LARGE:
            load_module(name)
    preloaded.update(sys.modules.keys() - before)
    gc.collect()
    gc.freeze()
    own_memory()
    os.close(loading)
    return None


def libc():
    """The C library, None where it cannot be called."""
    try:
        import ctypes
    except ImportError:
        return None
    return ctypes.CDLL(None)


def madvise(start, length, advice):
    if functions := libc():
        import ctypes
        functions.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), advice)


def mappings(maps):
    """Yield start and end of private, writable mappings of no file."""
    try:
        with open(maps, encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
    except OSError:
        # Not all sandboxes have it.
        return
    for line in lines:
        addresses, access, _, _, inode = line.split()[:5]
        if access == "rw-p" and inode == "0":
            yield tuple(int(number, 16) for number in addresses.split("-"))


def resident(start, end):
    """Yield start and end of the parts of a mapping that are in memory."""
    functions = libc()
    if not functions:
        return
    import ctypes
    page = mmap.PAGESIZE
    pages = ctypes.create_string_buffer((end - start) // page)
    if functions.mincore(ctypes.c_void_p(start), ctypes.c_size_t(end - start), pages):
        return
    for part in re.finditer(b"\x01+", pages.raw):
        yield start + part.start() * page, start + part.end() * page


def warm_up():
    """Serve one small application: FastAPI, pydantic, anyio and uvicorn load much of themselves on the first request."""
    import asyncio

    import uvicorn
    from fastapi import Depends, FastAPI, HTTPException
    from pydantic import BaseModel

    class Item(BaseModel):
        name: str
        price: float = 1
        tags: list[str] = []

    app = FastAPI()

    @app.post("/items/{number}", response_model=Item)
    async def item(number: int, item: Item, q: str = "", dependency: str = Depends(lambda: "")):
        return item

    @app.get("/plain")
    def plain():
        raise HTTPException(404)

    body = b'{"name":"a","price":2,"tags":["x"]}'
    head = b"Host: localhost\r\nContent-Type: application/json\r\n"
    post = b"POST /items/1?q=1 HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s"
    requests = (
        post % (head, len(body), body), post % (head, 2, b"{}"), b"GET /openapi.json HTTP/1.1\r\n%s\r\n" % head,
        b"GET /docs HTTP/1.1\r\n%s\r\n" % head, b"GET /plain HTTP/1.1\r\nConnection: close\r\n%s\r\n" % head,
    )

    async def run():
        config = uvicorn.Config(app, log_config=None, log_level="critical", access_log=False)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            await server.startup(sockets=[listener])
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(b"".join(requests))
            await asyncio.wait_for(reader.read(), WARM_UP_SECONDS)
            writer.close()
            await server.shutdown(sockets=[listener])

    try:
        import uvloop
        loop = uvloop.new_event_loop()
    except ImportError:
        loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(run())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
