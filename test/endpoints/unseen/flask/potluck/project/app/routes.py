from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from app import app
from app.models import Guest
from app.verbs import GET_POST, POST

HOME = "/home"


@app.before_request
def before_request():
    if current_user.is_authenticated:
        current_user.seen = True


@app.route("/")
@app.route(HOME)
@login_required
def index():
    """Who brings what

    An overview for everybody.
    """
    return render_template("index.html", guests=Guest.query.all())


@app.route("/login", methods=GET_POST)
def login():
    if request.method == "POST":
        flash("hello")
    return redirect(url_for("index"))


@app.route("/guests/<int:guest_id>/invite", methods=POST)
def invite(guest_id):
    '''Invites a guest.'''


@app.route(rule="/guests/<guest_id>", methods=["get", "delete"])
def guest(guest_id):
    # There is a comment, but no docstring.
    return ""


@app.route(app.config["UPLOADS"] + "/<path:filename>")
def uploads(filename):
    """Pictures of dishes."""


@app.get("/search")
@app.post("/search")
def search():
    """Search for a dish."""


@app.route("/legacy", methods=["OPTIONS", "GET"])
def legacy(): ...


app.add_url_rule("/about", view_func=lambda: render_template("about.html"), endpoint="about")
app.add_url_rule("/imprint", "imprint", index, methods=["GET"])
