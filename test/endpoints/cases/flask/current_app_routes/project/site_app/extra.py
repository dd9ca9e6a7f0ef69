from flask import Blueprint


def make():
    extra = Blueprint("extra", __name__, url_prefix="/extra")

    @extra.route("/one")
    def one():
        """One more."""
        return "1"

    return extra
