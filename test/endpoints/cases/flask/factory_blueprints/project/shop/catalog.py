from flask import Blueprint
from shop.auth import login_required

bp = Blueprint("catalog", __name__)


@bp.route("/")
def index():
    return "all"


@bp.route("/<uuid:item>")
def show(item):
    "One item."
    return str(item)


@bp.route("/create", methods=["POST"])
@login_required
def create():
    return "made", 201
