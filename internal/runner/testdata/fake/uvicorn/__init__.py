"""As much of uvicorn as the runner's script touches, from the standard library, for machines without uvicorn.

One request a connection, no bodies. The real one is tested on a cluster.
"""

import asyncio
import http
import logging
import signal
import sys

access_log = logging.getLogger("uvicorn.access")


class Config:
    def __init__(self, app, *, log_level, timeout_graceful_shutdown):
        self.app, self.interface = app, "auto"
        access_log.setLevel(log_level.upper())
        access_log.addHandler(logging.StreamHandler(sys.stdout))

    def load(self):
        self.loaded_app = wsgi(self.app) if self.interface == "wsgi" else self.app


def wsgi(app):
    async def asgi(scope, receive, send):
        status = []
        body = b"".join(app({"PATH_INFO": scope["path"]}, lambda line, headers: status.append(int(line[:3]))))
        await send({"type": "http.response.start", "status": status[0], "headers": []})
        await send({"type": "http.response.body", "body": body})
    return asgi


def run(app, **kwargs):
    raise RuntimeError("uvicorn.run was called, and would have blocked")


class Server:
    def __init__(self, config):
        self.config, self.started, self.should_exit = config, False, False

    def run(self, sockets):
        asyncio.run(self.serve(sockets))

    async def serve(self, sockets):
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        await self.startup(sockets=sockets)
        if self.started:
            await stop.wait()
            await self.events.put({"type": "lifespan.shutdown"})
            await self.lifespan

    async def startup(self, sockets=None):
        self.events, told = asyncio.Queue(), asyncio.Queue()
        await self.events.put({"type": "lifespan.startup"})

        async def lifespan():
            try:
                await self.config.loaded_app({"type": "lifespan"}, self.events.get, told.put)
            except Exception:
                await told.put({"type": "lifespan.unsupported"})

        if self.config.interface == "asgi3":
            self.lifespan = asyncio.create_task(lifespan())
            if (await told.get())["type"] == "lifespan.startup.failed":
                self.should_exit = True
                return
        for sock in sockets:
            await asyncio.start_server(self.connection, sock=sock)
        self.started = True

    async def connection(self, reader, writer):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
        method, path, _ = first.decode().split()
        headers = [(name.lower(), value.strip()) for name, value in (line.split(b":", 1) for line in lines)]
        status, body = 0, b""

        async def send(message):
            nonlocal status, body
            if message["type"] == "http.response.start":
                status = message["status"]
                access_log.info('%s - "%s %s HTTP/%s" %d', "client", method, path, "1.1", status)
            body += message.get("body", b"")

        await self.config.loaded_app({"type": "http", "method": method, "path": path, "headers": headers}, reader.read, send)
        length = b"" if status == 204 else b"Content-Length: %d\r\n" % len(body)
        head = f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\nConnection: close\r\n".encode()
        writer.write(head + length + b"\r\n" + body)
        await writer.drain()
        writer.close()
