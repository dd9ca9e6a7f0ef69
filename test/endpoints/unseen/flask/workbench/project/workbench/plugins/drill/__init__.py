from flask import Blueprint

from workbench.auth import token_required

NAME = "power/drill"
blueprint = Blueprint("drill", __name__, url_prefix="/overridden")


class Routes:
    ROOT = "/"
    BIT = "/bits/<int:size>"
    SPIN = BIT + "/spin"


@blueprint.route(Routes.ROOT)
def overview():
    """All drills."""


@blueprint.route(Routes.BIT, methods=["GET"])
@token_required(scope="drill")
def bit(size):
    """A bit."""


@blueprint.route(Routes.SPIN, methods=["POST", "DELETE"])
def spin(size):
    """Spins, or stops."""
