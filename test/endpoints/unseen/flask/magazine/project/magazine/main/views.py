from flask import render_template
from flask_login import login_required

from ..decorators import editor_only, may
from . import main


@main.route("/", methods=["GET", "POST"])
def index():
    """The front page."""
    return render_template("index.html")


@main.route("/user/<username>")
def user(username):
    return render_template("user.html")


@main.route("/profile/edit", methods=["GET", "POST"])
@login_required
def edit_profile():
    """Edit one's own profile.

    The mail address needs to be confirmed again.
    """


@main.route("/profile/edit/<int:id>", methods=["GET", "POST"])
@login_required
@editor_only
def edit_anybody(id):
    """Edit anybody's profile."""


@main.route("/post/<int:id>", methods=["GET", "POST"])
def post(id):
    ...


@main.route("/follow/<username>")
@login_required
@may("follow")
def follow(username):
    """Follow somebody."""


@main.route("/shutdown")
@main.route("/moderate", endpoint="moderation")
def moderate():
    """Comments that wait."""
