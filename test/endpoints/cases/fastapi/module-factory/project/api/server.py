from fastapi import APIRouter, FastAPI


class Server:
    routers = []

    def __init__(self, base: str):
        self.base = base
        self.app = FastAPI()

    @classmethod
    def register(cls, router):
        cls.routers.append(router)
        return router

    def build(self):
        from . import handlers  # noqa: F401

        for router in self.routers:
            self.app.include_router(router, prefix=self.base)
        self.app.add_api_route("/version", self.version, methods=["GET"], tags=["meta"])
        self.app.add_api_route("/ping", lambda: "pong", name="ping")
        return self.app

    def version(self):
        """The version that runs."""
        return "1"
