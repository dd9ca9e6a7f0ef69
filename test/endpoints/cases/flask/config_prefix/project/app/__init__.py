from flask import Flask

from config import config


def create_app(config_name):
    app = Flask(__name__)
    app.config.from_object(config[config_name])
    config[config_name].init_app(app)
    app.config.setdefault("ADMIN", "/admin")

    prefix = app.config["API_PREFIX"] + "/" + app.config.get("API_VERSION", "v0")

    from .main import main
    from .admin import admin
    app.register_blueprint(main, url_prefix=prefix)
    app.register_blueprint(admin, url_prefix=app.config["ADMIN"])
    if app.config["DEBUG"]:
        @app.route("/debug")
        def debug():
            return "on"
    if not app.debug and not app.testing and app.config.get("MAIL_SERVER"):
        app.add_url_rule("/never", "never", lambda: "")
    return app
