from fastapi import APIRouter, Depends, FastAPI


class Controller:
    prefix = "/base"
    tags = ["base"]

    def __init__(self):
        self.router = APIRouter(prefix=self.prefix, tags=self.tags)
        self.register()

    def register(self):
        self.router.add_api_route("/", self.list, methods=["GET"])
        self.router.add_api_route("/", self.create, methods=["POST"], summary=f"Create {type(self).__name__}")
        self.router.get("/{id}", name="one " + self.prefix)(self.one)

    def list(self):
        """Lists them."""

    def create(self):
        """Creates one."""

    async def one(self, id: int):
        pass


class Books(Controller):
    prefix = "/books"
    tags = ["books"]

    def list(self):
        """Lists books."""
        return super().list()


class Authors(Controller):
    prefix = "/authors"
    tags = ["authors", "people"]

    def register(self):
        super().register()
        self.router.add_api_websocket_route("/live", self.live, name="authors live")

    async def live(self, websocket):
        pass


class Application:
    controllers = (Books, Authors)

    def __init__(self):
        self._app = FastAPI()
        self._configure()

    def _configure(self):
        for controller in self.controllers:
            self._app.include_router(controller().router)

    @property
    def asgi(self):
        return self._app


app = Application().asgi
