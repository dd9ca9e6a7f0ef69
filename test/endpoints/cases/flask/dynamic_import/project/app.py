import importlib
import os
import pkgutil

from flask import Blueprint, Flask

import plugins


def create_app():
    app = Flask(__name__)
    for _, name, _ in pkgutil.iter_modules(plugins.__path__):
        module = importlib.import_module(f"plugins.{name}")
        for item in vars(module).values():
            if isinstance(item, Blueprint):
                app.register_blueprint(item)
    here = os.path.dirname(os.path.abspath(__file__))
    for file in sorted(os.listdir(os.path.join(here, "views"))):
        if file.endswith(".py") and not file.startswith("_"):
            module = importlib.import_module("views." + file[:-3])
            module.init(app)
    return app


app = create_app()
