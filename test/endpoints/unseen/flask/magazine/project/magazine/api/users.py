from . import api


@api.get("/users/<int:id>")
def get_user(id):
    """One user."""


@api.get("/users/<int:id>/timeline/")
def timeline(id):
    """Posts of those whom a user follows.

    Newest first.

    :param id: the user
    """


@api.delete("/users/<int:id>")
def drop(id): ...
