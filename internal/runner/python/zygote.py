"""Loads what applications are made of, waits for an assignment, forks, and serves the project in the fork.

Run by the runner as: python3 -u -c <this> fork|direct CONTROL_FD REPORT_FD MEMORY_LIMIT_MB. CONTROL_FD is a socket to
the runner that user code never sees; REPORT_FD is a pipe that the application's process reports on, and that it closes
before it serves. Both carry one JSON object a line. In mode direct nothing is loaded beforehand and nothing forks: it is for
environments that the interpreter reads only when it starts.
"""

import contextvars
import errno
import gc
import importlib
import inspect
import json
import logging
import os
import random
import select
import socket
import sys
import threading
import time
import traceback
import types
# What hmac.compare_digest is without OpenSSL. Importing hmac here would hide a module of that name in a project.
from _operator import _compare_digest as compare_digest

# Loaded before the fork, in this order; what an image lacks is left out, except uvicorn. First what every application
# of FastAPI needs: a runner that has these is usable.
PRELOAD = (
    "uvicorn", "uvicorn.logging", "uvicorn.lifespan.on", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
    "uvloop", "httptools", "logging.config", "fastapi", "fastapi.responses", "pydantic", "pydantic_core",
    "anyio._backends._asyncio", "anyio.to_thread",
)
# Then what many of them use.
PRELOAD_MORE = (
    "fastapi.security", "fastapi.openapi.docs", "fastapi.middleware.cors", "fastapi.staticfiles",
    "starlette.middleware.base", "starlette.websockets", "python_multipart", "sqlite3", "uuid", "decimal", "secrets", "hashlib", "contextlib", "dataclasses", "tempfile", "pydantic_settings", "email_validator",
    "jinja2", "tomllib",
)
# Loaded after those, but not where they would be a good part of the memory there is: they take 20 MiB.
PRELOAD_LARGE = ("sqlalchemy", "sqlalchemy.orm", "sqlalchemy.dialects.sqlite")
LARGE_FROM_MB = 192
# Loaded when main is imported under "uvicorn main:app" as well; the rest of PRELOAD the project may shadow.
NATIVE = 7
WARM_UP_SECONDS = 5
ASSIGNMENT_SECONDS = 0.03
# The part of the time to stop that requests under way may take: the rest is for the application's shutdown handlers.
GRACEFUL_PART = 0.5
MAX_MESSAGE = 900
CONTROL_LINE_BYTES = 4 << 20
# Where and how the application's event loop is asked whether it turns: PathHealth and HeaderHealth of internal/runnerapi.
HEALTH_PATH = "/.well-known/preview-health"
HEALTH_HEADER = b"x-preview-health"
# Traceback frames above the project's own say nothing to its author.
OWN_FRAMES = ("<string>", "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")


# Names of modules that are loaded only because of PRELOAD.
preloaded = set()

# Set in the context of a health check while its answer begins, which is when uvicorn writes its access log.
health_check = contextvars.ContextVar("health_check", default=False)


class Failure(Exception):
    """Ends the start of an application with a reason of the runner's protocol."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def say(line):
    print(f"preview: {line}", file=sys.stderr, flush=True)


def tell(fd, **event):
    os.write(fd, json.dumps(event).encode() + b"\n")


def tell_runner(control, **event):
    try:
        tell(control.fileno(), **event)
    except BrokenPipeError:
        # The runner is gone, or started another interpreter, whose output this would mix with.
        os._exit(0)


class Report:
    """The pipe to the runner, up to the moment the application serves."""

    def __init__(self, fd):
        self.fd = fd

    def __call__(self, **event):
        if self.fd is None:
            return
        try:
            tell(self.fd, **event)
        except OSError:
            # The project wrote rubbish to the pipe, and the runner stopped reading. It will hear of the exit.
            pass

    def close(self):
        os.close(self.fd)
        self.fd = None


def preload(control, memory_mb):
    """Import and warm up for as long as nobody waits. Raises ImportError without uvicorn."""
    native = None
    names = PRELOAD + PRELOAD_MORE
    if memory_mb == 0 or memory_mb >= LARGE_FROM_MB:
        names += PRELOAD_LARGE
    for number, name in enumerate(names):
        if number == NATIVE:
            native = set(sys.modules)
        try:
            importlib.import_module(name)
        except ImportError:
            if name == "uvicorn":
                raise
        if native is not None:
            preloaded.update(sys.modules.keys() - native)
        if number == len(PRELOAD) - 1:
            tell_runner(control, event="usable")
            # Who has waited for that is about to send an assignment, and should not have to wait for the next module.
            if waits(control, ASSIGNMENT_SECONDS):
                return
        if waits(control):
            return
    try:
        warm_up()
    except ImportError:
        # An image for other frameworks; there is nothing of theirs to warm up.
        pass
    except Exception as error:
        say(f"warm-up failed, the first request will be slower: {describe(error)}")
    for thread in threading.enumerate():
        # A thread that holds a lock during the fork holds it for ever in the child.
        if thread is not threading.current_thread():
            thread.join(WARM_UP_SECONDS)


def waits(control, seconds=0):
    return bool(select.select([control], [], [], seconds)[0])


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


def receive(control):
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = control.recv(1 << 16)
        if not piece or len(line) > CONTROL_LINE_BYTES:
            # The runner is gone, or started another interpreter.
            os._exit(0)
        line += piece
    return json.loads(line)


def main(mode, control_fd, report_fd, memory_mb):
    for fd in (control_fd, report_fd):
        os.set_inheritable(fd, False)
    control = socket.socket(fileno=control_fd)
    gc.disable()
    installed = None
    if mode == "fork":
        try:
            preload(control, memory_mb)
        except ImportError as error:
            tell_runner(control, event="unusable", message=f"the image has no usable uvicorn: {describe(error)}")
            os._exit(1)
        if not waits(control):
            installed = installed_names()
        gc.collect()
        gc.freeze()
        tell_runner(control, event="ready")
    assignment = receive(control)
    if mode == "fork":
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            tell_runner(control, event="forked", pid=pid)
            # Once the runner knows the process it hangs up, and inherits it from us.
            control.recv(1)
            os._exit(0)
    control.close()
    gc.enable()
    application(assignment, Report(report_fd), installed)


def application(assignment, report, installed):
    """Everything from here on runs in the application's own process."""
    os.setsid()
    random.seed()
    os.environ.update(assignment["env"])
    if "TZ" in assignment["env"]:
        time.tzset()
    # The workspace is memory, and the project is imported once.
    sys.dont_write_bytecode = True
    try:
        serve(assignment, report, installed)
    except Failure as failure:
        if failure.__cause__ is not None:
            print_traceback(failure.__cause__)
        say(f"the application did not start: {failure}")
        fail(report, failure.reason, str(failure), 1)
    except SystemExit as end:
        if report.fd is None:
            raise
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        message = f"the application exited while it started: {describe(end)}"
        say(message)
        fail(report, "AppExited", message, code & 0xFF)


def fail(report, reason, message, code):
    report(event="failed", reason=reason, message=message[:MAX_MESSAGE])
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that the project started must not keep the process.
    os._exit(code)


def serve(assignment, report, installed):
    folder = project_root(assignment["folder"])
    missing = lacking(folder, installed_names() if installed is None else installed)
    for line in missing:
        say(line)
    name, app, interface = load(folder, assignment.get("entrypoint", ""), missing)
    report(event="imported", entrypoint=name)
    run_server(app, interface, assignment, report)


def load(folder, entrypoint, missing):
    """Import the application: its name, the object, and the interface it has."""
    os.chdir(folder)
    sys.modules["__main__"] = types.ModuleType("__main__")
    captured = capture_run()
    tried = []
    for candidate in [named_candidate(folder, entrypoint)] if entrypoint else candidates(folder):
        if candidate is None:
            raise Failure("EntrypointNotFound", f"entrypoint {entrypoint}: the project has no module {entrypoint.partition(':')[0]}")
        module = import_module(folder, candidate, missing)
        app = getattr_path(module, candidate.attr)
        if app is None and captured:
            app = captured[-1]
        app, interface = resolve(app, candidate, bool(entrypoint))
        if interface:
            return str(candidate), app, interface
        tried.append(str(candidate))
        if entrypoint:
            what = "is missing" if app is None else f"is a {type(app).__name__}, not an ASGI or WSGI application"
            raise Failure("EntrypointNotFound", f"entrypoint {entrypoint}: {candidate.attr} {what}")
    raise Failure("EntrypointNotFound", not_found(folder, tried))


def not_found(folder, tried):
    if tried:
        return f"no application was found; these are none: {', '.join(tried[:8])}. Name it as entrypoint, module:attribute"
    files = python_files(folder)
    if not files:
        return "the project has no Python files"
    return f"no application was found in {', '.join(files[:8])}{' …' if len(files) > 8 else ''}. Name it as entrypoint, module:attribute"


def capture_run():
    """Keep a module that calls uvicorn.run() without a guard from serving by itself, on a port of its own."""
    try:
        import uvicorn
    except ImportError as error:
        raise Failure("StartupFailed", f"the image has no usable uvicorn: {describe(error)}") from error
    captured = []

    def run(app, *args, **kwargs):
        if not isinstance(app, str):
            captured.append(app)

    uvicorn.run = run
    return captured


def import_module(folder, candidate, missing):
    root = os.path.join(folder, candidate.root) if candidate.root else folder
    if candidate.root and candidate.root != "src":
        os.chdir(root)
    sys.path[:] = list(dict.fromkeys([root, folder] + [p for p in sys.path if p]))
    sys.path_importer_cache.clear()
    forget_shadowed(root)
    try:
        return importlib.import_module(candidate.module)
    except Exception as error:
        message = describe(error, folder)
        if isinstance(error, ModuleNotFoundError) and missing:
            message = f"{message}; {'; '.join(missing)}"
        raise Failure("ImportError", message) from error


def forget_shadowed(root):
    """Let the project's own modules win over preloaded ones, as they would had nothing been preloaded."""
    for entry in os.listdir(root):
        name = entry[:-3] if entry.endswith(".py") else entry
        if name not in preloaded:
            continue
        if entry.endswith(".py") or os.path.exists(os.path.join(root, entry, "__init__.py")):
            for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
                del sys.modules[loaded]


def getattr_path(module, path):
    value = module
    for attr in path.split("."):
        value = getattr(value, attr, None)
    return None if isinstance(value, types.ModuleType) else value


def resolve(app, candidate, explicit):
    """Call factories and classes, and find the interface of what comes out: asgi3, asgi2, wsgi or none."""
    interface = "" if candidate.factory else interface_of(app, explicit)
    for _ in range(2):
        if interface or not callable(app) or not (candidate.factory or takes_nothing(app)):
            break
        try:
            app = app()
            if inspect.iscoroutine(app):
                import asyncio
                app = asyncio.run(app)
        except Exception as error:
            raise Failure("StartupFailed", f"{candidate}: {describe(error)}") from error
        interface = interface_of(app, explicit)
        if candidate.factory:
            break
    return app, interface


def takes_nothing(call):
    try:
        inspect.signature(call).bind()
    except (TypeError, ValueError):
        return False
    return True


def interface_of(app, explicit):
    if app is None or not callable(app):
        return ""
    call = app
    if inspect.isclass(app):
        # Called with the scope it makes an instance that serves one connection, as frameworks of old did.
        if hasattr(app, "__await__"):
            return "asgi3"
    elif not inspect.isroutine(app):
        call = type(app).__call__.__get__(app)
    if not inspect.isclass(app) and inspect.iscoroutinefunction(call):
        return "asgi3" if positionals(call) in (3, None) else ""
    count = positionals(call)
    if inspect.isclass(app):
        return "asgi2" if count == 1 and hasattr(app, "__call__") and positionals(app.__call__) == 3 else ""
    return {1: "asgi2" if explicit else "", 2: "wsgi", 3: "asgi3", None: "asgi3" if explicit else ""}.get(count, "")


def positionals(call):
    """Count the positional parameters without a default; None when any number is taken."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in parameters)


def with_health(app, token):
    """Answer health checks in the event loop, before the application: they neither reach it nor its log."""
    token = token.encode()

    def is_check(scope):
        return scope["type"] == "http" and scope["method"] == "GET" and any(
            name == HEALTH_HEADER and compare_digest(value, token) for name, value in scope["headers"])

    async def answer(send):
        quiet = health_check.set(True)
        try:
            await send({"type": "http.response.start", "status": 204, "headers": []})
        finally:
            # Before the answer ends: a request that waits on the same connection inherits the context then.
            health_check.reset(quiet)
        await send({"type": "http.response.body", "body": b""})

    # Not a coroutine itself, so that every other request costs one comparison.
    def asgi(scope, receive, send):
        if scope.get("path") == HEALTH_PATH and is_check(scope):
            return answer(send)
        return app(scope, receive, send)
    return asgi


def run_server(app, interface, assignment, report):
    import uvicorn

    port = assignment["port"]
    told = []

    def watched(inner):
        async def asgi(scope, receive, send):
            if scope["type"] != "lifespan":
                return await inner(scope, receive, send)

            async def watch(message):
                if message["type"] == "lifespan.startup.failed":
                    told.append(str(message.get("message", "")))
                await send(message)

            return await inner(scope, receive, watch)
        return asgi

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets=sockets)
            if self.started and not self.should_exit:
                logging.getLogger("uvicorn.error").info("Listening on 0.0.0.0:%d", port)
                report(event="listening")
                report.close()

    if interface == "wsgi":
        app, interface = wsgi_adapter(app)
    if interface == "asgi3":
        app = watched(app)
    options = {"timeout_graceful_shutdown": GRACEFUL_PART * assignment["stopSeconds"]}
    if "timeout_graceful_shutdown" not in inspect.signature(uvicorn.Config).parameters:
        # Before uvicorn 0.22; the runner bounds the shutdown then.
        options = {}
    config = uvicorn.Config(app, interface=interface, log_level="info", **options)
    # After it made an ASGI application of whatever it was given.
    config.load()
    config.loaded_app = with_health(config.loaded_app, assignment["health"])
    logging.getLogger("uvicorn.access").addFilter(lambda record: not health_check.get())
    server = Server(config)
    server.run(sockets=bind(port))
    if not server.started:
        last = [line for line in "".join(told).strip().splitlines() if line.strip()]
        message = f"the application's start-up failed: {last[-1].strip()}" if last else "the application's start-up failed"
        raise Failure("StartupFailed", message)


def wsgi_adapter(app):
    try:
        from a2wsgi import WSGIMiddleware
    except ImportError:
        return app, "wsgi"
    return WSGIMiddleware(app), "asgi3"


def bind(port):
    """Bind all addresses, a socket for each family: one for both would show IPv4 clients as IPv6 addresses."""
    sockets = []
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            listener = socket.socket(family)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                continue
            raise Failure("StartupFailed", f"port {port} cannot be bound: {error.strerror}") from error
        sockets.append(listener)
    return sockets


def describe(error, folder=None):
    """One line: type, message, and the place in the project where it happened."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    text = " ".join(str(error).split())
    if folder:
        text = text.replace(folder + "/", "")
    text = text[:600]
    line = f"{name}: {text}" if text else name
    if folder and not isinstance(error, SyntaxError):
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(folder + "/")]
        if frames:
            line += f" ({os.path.relpath(frames[-1].filename, folder)}, line {frames[-1].lineno})"
    return line


def print_traceback(error):
    tb = error.__traceback__
    while tb and (tb.tb_frame.f_code.co_filename in OWN_FRAMES or tb.tb_frame.f_code.co_filename == importlib.__file__):
        tb = tb.tb_next
    traceback.print_exception(type(error), error, tb)
    sys.stderr.flush()
