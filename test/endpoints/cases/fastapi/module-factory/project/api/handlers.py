from fastapi import APIRouter

from .server import Server

cats = Server.register(APIRouter(prefix="/cats"))
dogs = Server.register(APIRouter(prefix="/dogs", tags=["dogs"]))


@cats.get("")
def all_cats():
    pass


@dogs.get("")
def all_dogs():
    pass
