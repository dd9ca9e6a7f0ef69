"""Pages."""
from flask import current_app as app
from flask import render_template


@app.route("/")
def home():
    """Landing page."""
    return render_template("index.html")


@app.route("/about")
def about():
    return ""
