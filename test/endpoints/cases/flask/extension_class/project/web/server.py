from flask import Flask
from .controllers import USERS, Controller


class WebServer(Flask):
    def __init__(self, *args, **kwargs):
        super().__init__("web", *args, **kwargs)
        self.add_routes()

    def add_routes(self):
        self.add_url_rule("/", view_func=self.home)
        for controller in (Controller("orders"), USERS):
            controller.bind(self)

    def home(self):
        """Home."""
        return ""
