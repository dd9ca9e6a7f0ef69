from flask import Blueprint

v2 = Blueprint("v2", __name__)


@v2.route("/users/")
def users():
    return []
