import socketio

from .http import http

http.add_middleware(object)
from . import late  # noqa: E402,F401

service = http
ws = socketio.ASGIApp(socketio.AsyncServer(), other_asgi_app=http)
