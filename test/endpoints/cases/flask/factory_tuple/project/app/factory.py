from flask import Flask

from app.routes import init_routes


def create_app(settings_module="app.settings", **overrides):
    application = Flask("app")
    application.config.from_object(settings_module)
    application.config.update(overrides)
    init_routes(application)
    return application, object()
