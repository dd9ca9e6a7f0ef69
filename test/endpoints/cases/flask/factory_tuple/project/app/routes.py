import inspect
import sys

from flask import Blueprint

from . import handlers


def init_routes(app):
    bp = Blueprint("main", __name__, url_prefix=app.config["URL_PREFIX"])
    bp.add_url_rule("/a", view_func=handlers.a, methods=["GET"])
    bp.add_url_rule("/b", view_func=handlers.b, methods=["PUT", "PATCH"])
    app.register_blueprint(bp)
