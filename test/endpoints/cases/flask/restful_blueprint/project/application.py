from flask import Flask

from api import blueprint, late


def create_app():
    app = Flask(__name__)
    app.register_blueprint(blueprint)
    app.register_blueprint(late, url_prefix="/late")
    return app
