from flask import Blueprint


class Versioned:
    def __init__(self, version, prefix):
        self.blueprint = Blueprint(version, __name__, url_prefix=f"{prefix}/{version}")
        self.version = version

    def add(self, module, at=None, **ignored):
        """Registers what make_blueprint of a module gives."""
        child = module.make_blueprint(self.version)
        if at:
            self.blueprint.register_blueprint(child, url_prefix=at)
        else:
            self.blueprint.register_blueprint(child)
