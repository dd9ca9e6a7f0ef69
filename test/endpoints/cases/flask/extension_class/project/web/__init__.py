from .server import WebServer

server = WebServer()
