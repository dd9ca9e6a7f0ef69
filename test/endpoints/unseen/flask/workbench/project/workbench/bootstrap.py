from importlib import import_module
from pathlib import Path

from flask import Flask

from workbench.conf import Conf


class Bootstrap:
    """Builds the application step by step."""

    def __init__(self, conf=Conf):
        self.app = Flask("workbench")
        self.app.config.from_object(conf)

    def with_plugins(self):
        folder = Path(__file__).parent / "plugins"
        for path in sorted(folder.glob("*/__init__.py")):
            name = path.parent.name
            plugin = import_module(f"workbench.plugins.{name}")
            if name in self.app.config["DISABLED"]:
                continue
            self.app.register_blueprint(plugin.blueprint, url_prefix=f"{self.app.config['BASE']}/{plugin.NAME}")
        return self

    def with_health(self):
        @self.app.route("/health")
        def health():
            """Health of the workbench."""

        @self.app.get("/version")
        def version(): ...

        return self
