from flask import Blueprint, render_template, send_from_directory

bp = Blueprint("site", __name__, static_folder="static", static_url_path="/assets")


@bp.route("/")
@bp.route("/index.html")
def home():
    """Shop window."""
    return render_template("home.html")


@bp.route("/pictures/<path:name>")
def picture(name):
    return send_from_directory("pictures", name)
