from flask import Blueprint, Flask

from observatory import settings
from observatory.api.namespaces.instruments import ns as instruments_namespace
from observatory.api.namespaces.nights import ns as nights_namespace
from observatory.api.namespaces.objects import api as objects_namespace
from observatory.api.restx import api


def prepare(app):
    app.config["RESTX_VALIDATE"] = True


def open_dome():
    app = Flask(__name__)
    prepare(app)
    blueprint = Blueprint("api", __name__, url_prefix=settings.URL_PREFIX)
    api.init_app(blueprint)
    api.add_namespace(nights_namespace)
    api.add_namespace(instruments_namespace)
    api.add_namespace(objects_namespace, path="/sky/objects")
    app.register_blueprint(blueprint)

    @app.route("/alive")
    def alive():
        """Is it up?"""
        return "yes"

    return app
