from flask import Blueprint

alpha = Blueprint("alpha", __name__, url_prefix="/alpha")


@alpha.route("/go")
def go():
    return ""
