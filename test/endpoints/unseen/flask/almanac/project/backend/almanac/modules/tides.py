from flask import Blueprint
from flask.views import MethodView

from ..auth import needs


class Tides(MethodView):
    decorators = [needs("read")]

    def get(self, harbour, day=None):
        """Tides of a harbour."""

    def post(self, harbour, day=None):
        """Stores measurements.

        :param harbour: its code
        """


def make_blueprint(version):
    tides = Blueprint("tides", __name__)
    view = Tides.as_view("tides")
    for rule, methods in {"/<harbour>": None, "/<harbour>/<date:day>": ["GET"]}.items():
        tides.add_url_rule(rule.replace("<date:", "<string:"), view_func=view, methods=methods)
    return tides
