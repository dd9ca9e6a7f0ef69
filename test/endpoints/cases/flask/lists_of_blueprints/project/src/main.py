from flask import Flask

from api import *

PREFIX = "/".join(["", "rest", "v1"])


def register(app: Flask) -> None:
    for blueprint, prefix in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix=PREFIX + prefix)


app = Flask(__name__)
register(app)
