from flask import Blueprint
from flask_restful import Api

from .resources import Book, Books, Author

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
api = Api(blueprint, prefix="/library")

api.add_resource(Books, "/books")
api.add_resource(Book, "/books/<int:book_id>", endpoint="book")


@blueprint.route("/version")
def version():
    """The version."""
    return "1"


late = Blueprint("late", __name__)
late_api = Api()
late_api.add_resource(Author, "/authors/<id>")
late_api.init_app(late)
