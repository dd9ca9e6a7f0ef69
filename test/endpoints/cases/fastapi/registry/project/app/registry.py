from collections import namedtuple, defaultdict
from typing import Callable, NamedTuple

from fastapi import APIRouter

Entry = namedtuple("Entry", "path function methods")


class Group(NamedTuple):
    prefix: str
    tag: str = "none"


class Registry:
    def __init__(self):
        self._entries = defaultdict(list)

    def route(self, group: Group, path: str, *methods: str) -> Callable:
        def inner(function):
            self._entries[group].append(Entry(path, function, list(methods) or ["GET"]))
            return function
        return inner

    def apply(self, app):
        for group, entries in self._entries.items():
            router = APIRouter(prefix=group.prefix, tags=[group.tag])
            for path, function, methods in entries:
                router.add_api_route(path, function, methods=methods)
            app.include_router(router)


registry = Registry()
