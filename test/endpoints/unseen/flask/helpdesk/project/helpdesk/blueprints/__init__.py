from flask import Blueprint

from .knowledge import knowledge
from .staff import staff
from .tickets import tickets


def register_all(app):
    api = Blueprint("api", __name__, url_prefix="/api")
    v1 = Blueprint("v1", __name__, url_prefix="/v1")
    v2 = Blueprint("v2", __name__, url_prefix="/v2")

    v1.register_blueprint(tickets)
    v1.register_blueprint(knowledge, url_prefix="/kb")
    v2.register_blueprint(tickets, url_prefix="/cases", name="cases")
    v2.register_blueprint(staff)
    api.register_blueprint(v1)
    api.register_blueprint(v2)
    app.register_blueprint(api)
    app.register_blueprint(staff, url_prefix="/internal/staff", name="internal")
