from flask import Blueprint, Flask
from flask_restful import Api, Resource


class Prefixed(Blueprint):
    def route(self, rule, **options):
        if options.pop("versioned", True):
            rule = "/v1" + rule
        return super().route(rule, **options)


class VersionedApi(Api):
    def add_resource(self, resource, *urls, **kwargs):
        super().add_resource(resource, *["/r" + url for url in urls], **kwargs)


class Application(Flask):
    def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
        if rule != "/" and not rule.startswith("/static"):
            rule = "/app" + rule
        super().add_url_rule(rule, endpoint, view_func, **options)


class Base(Resource):
    """Of all."""

    def get(self, **kwargs):
        """Get it."""
        return {}


class Thing(Base):
    def post(self):
        return {}


app = Application(__name__)
bp = Prefixed("bp", __name__, url_prefix="/bp")


@bp.route("/a")
def a():
    """A."""
    return ""


@bp.route("/b", versioned=False, methods=["PUT"])
def b():
    return ""


@app.route("/")
def root():
    return ""


@app.route("/c", endpoint="sea")
def c():
    """C."""
    return ""


app.register_blueprint(bp)
api = VersionedApi(app)
api.add_resource(Thing, "/thing", "/things/<int:id>")
