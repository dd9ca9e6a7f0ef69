import functools
from typing import Callable

from fastapi import FastAPI
from slowapi import Limiter
from slowapi.util import get_remote_address

from auth import requires, retry, timed

limiter = Limiter(key_func=get_remote_address)
app = FastAPI()
app.state.limiter = limiter


@app.get("/limited")
@limiter.limit("5/minute")
async def limited(request):
    """Limited."""


@app.get("/wrapped")
@timed
async def wrapped():
    """Wrapped with functools.wraps."""


@app.get("/bare")
@retry
async def bare():
    """The wrapper has no docstring."""


@app.get("/roles")
@requires("admin", "editor")
async def roles():
    """For roles."""


class Callable1:
    """An object that is called."""

    def __call__(self):
        """Not this."""


app.get("/object")(Callable1())
app.post("/class")(Callable1)


def registered(path: str, **options) -> Callable:
    def decorator(function):
        app.add_api_route(path, function, **options)
        return function

    return decorator


@registered("/registered", methods=["POST", "PUT"], tags=["own"])
def by_own_decorator():
    """By a decorator of the project."""


def with_defaults(method):
    @functools.wraps(method)
    def wrapper(path, **kwargs):
        return method("/pre" + path, tags=["pre"], **kwargs)

    return wrapper


get = with_defaults(app.get)


@get("/fixed", summary="Has a prefix")
def prefixed():
    pass
