import os

from flask import Flask

from app.extensions import db, login
from app.blueprints import register_blueprints


def create_app(test_config=None):
    app = Flask(__name__, instance_relative_config=True)

    if test_config is None:
        app.config.from_pyfile("config.py", silent=True)
    else:
        app.config.from_mapping(test_config)

    try:
        os.makedirs(app.instance_path)
    except OSError:
        pass

    register_extensions(app)
    register_blueprints(app)
    register_errorhandlers(app)
    register_commands(app)
    return app


def register_extensions(app):
    db.init_app(app)
    login.init_app(app)
    return None


def register_errorhandlers(app):
    def render_error(error):
        return "", getattr(error, "code", 500)
    for code in [401, 404, 500]:
        app.errorhandler(code)(render_error)


def register_commands(app):
    @app.cli.command("init-db")
    def init_db():
        db.create_all()
