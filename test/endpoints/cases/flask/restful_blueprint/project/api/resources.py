from flask import request
from flask_restful import Resource


class Base(Resource):
    method_decorators = []

    def options(self, **kwargs):
        return {}


class Books(Resource):
    def get(self):
        """All books."""
        return []

    def post(self):
        """Add a book."""
        return request.json


class Book(Base):
    """A book."""

    def get(self, book_id):
        return {}


class Author(Resource):
    def head(self, id):
        return {}

    def get(self, id):
        return {}
