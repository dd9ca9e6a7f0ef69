from flask import Blueprint

unused = Blueprint("unused", __name__)


@unused.route("/unused")
def view():
    return ""
