from flask import Blueprint, url_for
from flask_restx import Api, Resource

blueprint = Blueprint("api", __name__, url_prefix="/api/1")
api = Api(blueprint, title="One", doc=False)

ns = api.namespace("todos", description="TODO operations")
plain = api.namespace("plain", path="/p")


@ns.route("/")
class TodoList(Resource):
    """All of them"""

    def get(self):
        return []

    def post(self):
        """Add one"""
        return {}


@ns.route("/<int:id>")
class Todo(Resource):
    def get(self, id):
        """Get one"""
        return {}

    def delete(self, id):
        """Delete one"""
        return "", 204


@plain.route("/x", endpoint="ex")
class X(Resource):
    def get(self):
        return {}


@api.route("/whole")
class Whole(Resource):
    def get(self):
        """Of no namespace."""
        return {}
