from flask import jsonify

from ..decorators import may
from . import api


@api.route("/posts/")
def get_posts():
    """Posts, in pages."""
    return jsonify({})


@api.route("/posts/<int:id>")
def get_post(id):
    return jsonify({})


@api.route("/posts/", methods=["POST"])
@may("write")
def new_post():
    """Write a post."""


@api.route("/posts/<int:id>", methods=["PUT"])
@may("write")
def edit_post(id):
    ...
