"""Serves an application with uvicorn, and answers the health checks of the system in its event loop.

Part of the runner's one embedded script (see embed.go).
"""

import contextvars
import errno
import inspect
import logging
# What hmac.compare_digest is without OpenSSL. Importing hmac here would hide a module of that name in a project.
from _operator import _compare_digest as compare_digest

# The part of the time to stop that requests under way may take: the rest is for the application's shutdown handlers.
GRACEFUL_PART = 0.5
# Where and how the application's event loop is asked whether it turns: PathHealth and HeaderHealth of internal/runnerapi.
HEALTH_PATH = "/.well-known/preview-health"
HEALTH_HEADER = b"x-preview-health"

# Set in the context of a health check while its answer begins, which is when uvicorn writes its access log.
health_check = contextvars.ContextVar("health_check", default=False)


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


def server_config(stop_seconds):
    """What uvicorn is told, except for the application; it sets up the logs."""
    try:
        import uvicorn
    except ImportError as error:
        raise Failure("StartupFailed", f"the image has no usable uvicorn: {describe(error)}") from error
    options = {"timeout_graceful_shutdown": GRACEFUL_PART * stop_seconds}
    if "timeout_graceful_shutdown" not in inspect.signature(uvicorn.Config).parameters:
        # Before uvicorn 0.22; the runner bounds the shutdown then.
        options = {}
    return uvicorn.Config(None, log_level="info", **options)


def run_server(app, interface, staged, report):
    import uvicorn

    port = staged.command["port"]
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
            try:
                await super().startup(sockets=sockets)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                # The project listens there itself.
                raise cannot_bind(port, error) from error
            if self.started and not self.should_exit:
                logging.getLogger("uvicorn.error").info("Listening on 0.0.0.0:%d", port)
                report(event="listening")
                report.close()

    if interface == "wsgi":
        app, interface = wsgi_adapter(app)
    if interface == "asgi3":
        app = watched(app)
    config = staged.config
    config.app, config.interface = app, interface
    # After it made an ASGI application of whatever it was given.
    config.load()
    config.loaded_app = with_health(config.loaded_app, staged.command["health"])
    logging.getLogger("uvicorn.access").addFilter(lambda record: not health_check.get())
    server = Server(config)
    server.run(sockets=staged.sockets)
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
