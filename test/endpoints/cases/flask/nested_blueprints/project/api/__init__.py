from flask import Blueprint

from .v1 import v1
from .v2 import v2

api = Blueprint("api", __name__, url_prefix="/ignored")
api.register_blueprint(v1)
api.register_blueprint(v2, url_prefix="/v2/", name="second")


@api.get("/status")
def status():
    return "up"
