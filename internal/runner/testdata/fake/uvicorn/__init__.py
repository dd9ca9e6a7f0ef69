"""As much of uvicorn as the runner's script touches, from the standard library, for machines without uvicorn.

One request a connection, no bodies. The real one is tested on a cluster.
"""

import asyncio
import signal


class Config:
    def __init__(self, app, *, interface, log_level, timeout_graceful_shutdown):
        self.app, self.interface = app, interface


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
                await self.config.app({"type": "lifespan"}, self.events.get, told.put)
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
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        if self.config.interface == "wsgi":
            body = b"".join(self.config.app({"PATH_INFO": path}, lambda status, headers: None))
        else:
            body = b""

            async def send(message):
                nonlocal body
                body += message.get("body", b"")

            await self.config.app({"type": "http", "path": path}, reader.read, send)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()
