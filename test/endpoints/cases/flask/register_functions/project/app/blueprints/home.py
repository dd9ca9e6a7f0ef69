from flask import Blueprint, redirect, url_for

blueprint = Blueprint("home_blueprint", __name__, url_prefix="")


@blueprint.route("/")
def route_default():
    return redirect(url_for("users.index"))


@blueprint.route("/<template>")
def route_template(template):
    return template
