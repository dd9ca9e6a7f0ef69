from flask_restful import Resource, reqparse
from flask_jwt import jwt_required


class Item(Resource):
    parser = reqparse.RequestParser()
    parser.add_argument("price", type=float, required=True, help="needed")

    @jwt_required()
    def get(self, name):
        """Find an item by its name."""
        return {}

    def post(self, name):
        return {}, 201

    def delete(self, name):
        return {}

    def put(self, name):
        """
        Create or change an item.

        Both at once.
        """
        return {}


class ItemList(Resource):
    def get(self):
        return {"items": []}
