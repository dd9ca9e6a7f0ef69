from flask import Flask

from helpdesk.blueprints import register_all


def make_app(mode="full"):
    app = Flask(__name__, static_folder=None)
    register_all(app)
    if mode == "full":
        from helpdesk import metrics

        metrics.install(app)
    return app
