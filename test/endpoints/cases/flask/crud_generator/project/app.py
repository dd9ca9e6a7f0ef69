from flask import Flask

from core import crud_blueprint
from models import MODELS


def create_app() -> Flask:
    app = Flask("crud")
    for model in MODELS:
        app.register_blueprint(crud_blueprint(model.__name__.lower() + "s", model, url_prefix=f"/{model.__name__.lower()}s"))
    return app
