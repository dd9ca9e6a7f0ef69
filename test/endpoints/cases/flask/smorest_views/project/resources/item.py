from flask.views import MethodView
from flask_smorest import Blueprint, abort
from marshmallow import Schema, fields

blp = Blueprint("Items", __name__, url_prefix="/items", description="Operations on items")


class ItemSchema(Schema):
    id = fields.Int(dump_only=True)
    name = fields.Str(required=True)


@blp.route("/")
class ItemList(MethodView):
    @blp.response(200, ItemSchema(many=True))
    def get(self):
        """List items"""
        return []

    @blp.arguments(ItemSchema)
    @blp.response(201, ItemSchema)
    def post(self, data):
        """Add an item

        Its name has to be new.
        """
        return data


@blp.route("/<string:item_id>", methods=["GET", "DELETE"])
class Item(MethodView):
    @blp.response(200, ItemSchema)
    def get(self, item_id):
        return {}

    def delete(self, item_id):
        """Remove it"""
        abort(404)

    def put(self, item_id):
        """Not routed"""
