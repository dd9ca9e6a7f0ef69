from flask import Flask, jsonify

from grocer import api, extensions
from grocer.views import site


def create_app(testing=False):
    """Application factory, used to create application"""
    app = Flask("grocer")
    app.config.from_object("grocer.config")
    if testing is True:
        app.config["TESTING"] = True
    configure_extensions(app)
    register_blueprints(app)
    register_commands(app)
    return app


def configure_extensions(app):
    extensions.db.init_app(app)
    extensions.jwt.init_app(app)


def register_blueprints(app):
    """Register all blueprints for application"""
    for blueprint in (api.views.blueprint, site.bp):
        app.register_blueprint(blueprint)

    app.add_url_rule("/ping", "ping", lambda: jsonify(ok=True))


def register_commands(app):
    @app.cli.command("seed")
    def seed():
        """Not a view."""
