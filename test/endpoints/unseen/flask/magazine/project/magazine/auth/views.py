from flask import redirect, url_for
from flask_login import login_required, logout_user

from . import auth


@auth.before_app_request
def before_request():
    pass


@auth.route("/login", methods=["GET", "POST"])
def login():
    """Log in."""


@auth.route("/logout")
@login_required
def logout():
    logout_user()
    return redirect(url_for("main.index"))


@auth.route("/confirm/<token>")
@login_required
def confirm(token):
    """Confirms an account."""


@auth.route("/reset/<token>", methods=("GET", "POST"))
def new_password(token):
    """
    Resets a password.
    """
