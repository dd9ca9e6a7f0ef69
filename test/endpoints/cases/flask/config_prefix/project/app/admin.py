from flask import Blueprint, current_app

admin = Blueprint("admin", __name__)


@admin.route("/")
def index():
    return current_app.config["API_PREFIX"]
