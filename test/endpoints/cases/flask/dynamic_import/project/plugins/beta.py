from flask import Blueprint

blueprint = Blueprint("beta", __name__, url_prefix="/beta")


@blueprint.route("/go", methods=["POST"])
def go():
    """Beta."""
    return ""
