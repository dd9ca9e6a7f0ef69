from . import api

PREFIX = "/comments"


@api.route(PREFIX + "/")
def get_comments():
    """Comments."""


@api.route(f"{PREFIX}/<int:comment_id>", methods=["GET", "PATCH", "DELETE"])
def comment(comment_id):
    """One comment."""
