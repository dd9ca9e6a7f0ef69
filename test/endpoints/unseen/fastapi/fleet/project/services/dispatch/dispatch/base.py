from fastapi import APIRouter


class Controller:
    prefix = ""
    tags = []

    def __init__(self, prefix=None):
        self.router = APIRouter(prefix=prefix if prefix is not None else self.prefix, tags=self.tags)
        self.register()

    def register(self):
        raise NotImplementedError
