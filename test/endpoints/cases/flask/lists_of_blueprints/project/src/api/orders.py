from http import HTTPStatus

from flask import Blueprint

orders_bp = Blueprint("orders", __name__)


@orders_bp.route("/", methods=["GET"])
def index():
    return "", HTTPStatus.OK


@orders_bp.route("/<int:order_id>/lines/<int:line>", methods=["DELETE"])
def remove_line(order_id: int, line: int):
    """Remove a line of an order."""
    return "", HTTPStatus.NO_CONTENT
