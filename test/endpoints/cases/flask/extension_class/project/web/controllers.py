from flask import Blueprint


class Controller:
    routes = {"/": ("index", ["GET"]), "/<int:id>": ("show", ["GET", "DELETE"])}

    def __init__(self, name):
        self.name = name

    def index(self):
        """All."""
        return ""

    def show(self, id):
        """One."""
        return ""

    def bind(self, app):
        bp = Blueprint(self.name, __name__)
        for rule, (handler, methods) in self.routes.items():
            bp.add_url_rule(rule, handler, getattr(self, handler), methods=methods)
        app.register_blueprint(bp, url_prefix="/" + self.name)


class Users(Controller):
    routes = {**Controller.routes, "/me": ("me", ["GET"])}

    def me(self):
        return ""


USERS = Users("users")
