from flask import Blueprint

v1 = Blueprint("v1", __name__, url_prefix="/v1")
users = Blueprint("users", __name__, url_prefix="users")
bare = Blueprint("bare", __name__)


@users.route("", methods=["GET"])
def all_users():
    """Everybody."""
    return []


@users.route("/<int:id>", methods=["GET", "PATCH"])
def user(id):
    return {}


@bare.route("/bare")
def bare_view():
    return ""


v1.register_blueprint(users)
v1.register_blueprint(bare)
