from flask import Blueprint
from flask.views import MethodView

vise = Blueprint("vise", __name__)


class Grip(MethodView):
    """Holds things."""

    decorators = []

    def get(self):
        ...

    def put(self):
        """Tightens."""

    def head(self):
        """Only whether it holds."""


class Jaw(Grip):
    def delete(self, side):
        """Opens a jaw."""

    def get(self, side):
        ...



vise.add_url_rule("/grip", view_func=Grip.as_view("grip"))
vise.add_url_rule("/jaws/<side>", view_func=Jaw.as_view("jaw"), methods=["GET", "DELETE"])
