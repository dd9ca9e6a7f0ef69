from flask import Blueprint
from project import db, app
from project.decorators import check

users_blueprint = Blueprint("users", __name__, template_folder="templates")


@users_blueprint.route("/add", methods=["POST"])
@check(roles=("admin",))
def add():
    """Add a user."""
    db.session.add(None)
    return ""


@app.route("/outside")
def outside():
    """Of the app itself."""
    return ""
