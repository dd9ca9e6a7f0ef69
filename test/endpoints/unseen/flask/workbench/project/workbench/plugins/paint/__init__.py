from flask import Blueprint

NAME = "paint"
blueprint = Blueprint("paint", __name__)


@blueprint.get("/colours")
def colours(): ...
