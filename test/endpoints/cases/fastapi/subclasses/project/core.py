from typing import Any, Callable

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute


class TimedRoute(APIRoute):
    def get_route_handler(self) -> Callable:
        original = super().get_route_handler()

        async def timed(request):
            return await original(request)

        return timed


class Router(APIRouter):
    """Serves each path with and without a slash at its end."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], *, include_in_schema: bool = True, **kwargs: Any) -> None:
        if path.endswith("/"):
            path = path[:-1]
        super().add_api_route(path, endpoint, include_in_schema=include_in_schema, **kwargs)
        super().add_api_route(path + "/", endpoint, include_in_schema=False, **kwargs)


class API(FastAPI):
    def __init__(self, *args, prefix: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.prefix = prefix

    def include_router(self, router, **kwargs):
        super().include_router(router, prefix=self.prefix, **kwargs)

    def finish(self):
        self.add_api_route(f"{self.prefix}/done", self.done)

    def done(self):
        """Done."""
