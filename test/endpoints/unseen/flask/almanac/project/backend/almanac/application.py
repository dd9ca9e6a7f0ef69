from flask import Flask
from flask_cors import CORS

from .modules import REGISTRY
from .versioning import Versioned


class Application:
    """Holds the Flask application and what it consists of."""

    prefix = "/api"

    def __init__(self, settings):
        self.settings = settings
        self.flask = Flask("almanac")
        CORS(self.flask, resources={r"/api/*": {"origins": "*"}})
        self._register()
        self._errors()

    @classmethod
    def from_environment(cls, environment):
        return cls({key: value for key, value in environment.items() if key.startswith("ALMANAC_")})

    def _register(self):
        for version in ("v1", "v2"):
            versioned = Versioned(version, self.prefix)
            for module, options in REGISTRY[version]:
                versioned.add(module, **options)
            self.flask.register_blueprint(versioned.blueprint)

    def _errors(self):
        for code in (400, 404, 500):
            self.flask.register_error_handler(code, lambda error: ({"error": str(error)}, error.code))
