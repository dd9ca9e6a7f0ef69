import functools

from flask import Blueprint, g, redirect

bp = Blueprint("auth", __name__, url_prefix="/auth")


def login_required(view):
    @functools.wraps(view)
    def wrapped_view(**kwargs):
        if g.user is None:
            return redirect("/auth/login")
        return view(**kwargs)
    return wrapped_view


@bp.before_app_request
def load_user():
    g.user = None


@bp.route("/login", methods=("GET", "POST"))
def login():
    """Sign a user in."""
    return "login"


@bp.route("/logout")
@login_required
def logout():
    """Sign the user out.

    Forgets the session.
    """
    return "bye"
