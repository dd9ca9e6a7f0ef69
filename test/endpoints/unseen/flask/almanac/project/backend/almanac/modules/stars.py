from flask import Blueprint

from ..auth import anonymous


class Controller:
    """Registers its public methods as routes."""

    routes = ()

    def __init__(self, name):
        self.blueprint = Blueprint(name, __name__)
        for method, path, handler in self.routes:
            view = getattr(self, handler)
            self.blueprint.add_url_rule(path, endpoint=handler, view_func=view, methods=[method])


class Stars(Controller):
    routes = (
        ("GET", "/", "search"),
        ("GET", "/<int:hip>", "show"),
        ("POST", "/<int:hip>/observations", "observe"),
        ("DELETE", "/<int:hip>/observations/<uuid:observation>", "forget"),
    )

    @anonymous
    def search(self):
        """Searches the catalogue.

        Magnitudes above 6 are left out.
        """

    def show(self, hip):
        return {}

    def observe(self, hip):
        """Adds an observation."""

    def forget(self, hip, observation):
        "Removes an observation."


def make_blueprint(version):
    return Stars(f"stars_{version}").blueprint
