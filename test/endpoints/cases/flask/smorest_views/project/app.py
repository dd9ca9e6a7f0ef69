from flask import Flask
from flask_smorest import Api

from resources.item import blp as items
from resources.store import blp as stores


def create_app(db_url=None):
    app = Flask(__name__)
    app.config["API_TITLE"] = "Stores"
    app.config["API_VERSION"] = "v1"
    app.config["OPENAPI_VERSION"] = "3.0.3"
    app.config["OPENAPI_URL_PREFIX"] = "/"
    app.config["OPENAPI_SWAGGER_UI_PATH"] = "/docs"
    api = Api(app)
    api.register_blueprint(items)
    api.register_blueprint(stores, url_prefix="/shop")
    return app
