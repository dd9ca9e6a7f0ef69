from flask import Blueprint, Flask
from flask_restful import Api, Resource

outer = Blueprint("outer", __name__)
inner = Blueprint("inner", __name__, url_prefix="/inner/")
slashed = Blueprint("slashed", __name__, url_prefix="/slashed/")
api = Api(slashed)


class Logged(Blueprint):
    def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
        super().add_url_rule("/logged" + rule, endpoint, view_func, **options)


own = Logged("own", __name__, url_prefix="/own")


@own.route("/a", methods=["GET", "PUT"])
def a():
    """A."""
    return ""


@own.post("/b")
def b():
    return ""


@inner.route("/x")
def x():
    return ""


@slashed.route("/plain")
def plain():
    """Joined as Flask-RESTful does."""
    return ""


class Item(Resource):
    def get(self):
        return {}


api.add_resource(Item, "/item")
outer.register_blueprint(inner)
app = Flask(__name__)
for blueprint in (outer, slashed, own):
    app.register_blueprint(blueprint)
