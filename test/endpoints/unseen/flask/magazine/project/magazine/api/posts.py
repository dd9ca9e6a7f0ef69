from flask import jsonify

from ..decorators import permission_required
from . import api


@api.route("/posts/")
def get_posts():
    """Posts, in pages."""
    return jsonify({})


@api.route("/posts/<int:id>")
def get_post(id):
    return jsonify({})


@api.route("/posts/", methods=["POST"])
@permission_required("write")
def new_post():
    """Write a post."""


@api.route("/posts/<int:id>", methods=["PUT"])
@permission_required("write")
def edit_post(id):
    ...
