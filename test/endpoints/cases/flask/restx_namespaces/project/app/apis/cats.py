from flask_restx import Namespace, Resource, fields

api = Namespace("cats", description="Cats and kittens")

cat = api.model("Cat", {
    "id": fields.String(required=True, description="The identifier"),
    "name": fields.String(required=True),
})


@api.route("/")
class CatList(Resource):
    @api.doc("list_cats")
    @api.marshal_list_with(cat)
    def get(self):
        """List all cats"""
        return []

    @api.expect(cat, validate=True)
    @api.response(201, "made")
    def post(self):
        """Add a cat

        It must have a name.
        """
        return {}, 201


@api.route("/<id>")
@api.param("id", "The identifier")
@api.response(404, "Cat not found")
class Cat(Resource):
    """A cat"""

    @api.marshal_with(cat)
    def get(self, id):
        return {}
