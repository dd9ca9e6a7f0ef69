from flask_restx import Namespace, Resource

from observatory.api.parsers import paging
from observatory.api.serializers import night

ns = Namespace("nights", description="Nights at the telescope")


@ns.route("/")
class NightCollection(Resource):

    @ns.expect(paging)
    @ns.marshal_list_with(night)
    def get(self):
        """
        The nights of this year.
        """
        return []

    @ns.response(201, "Night created.")
    @ns.expect(night)
    def post(self):
        """
        Books a night.

        What to do:

        * send the date
        * wait for good weather
        """
        return None, 201


@ns.route("/<int:id>")
@ns.route("/by-id/<int:id>", doc=False)
@ns.response(404, "Night not found.")
@ns.param("id", "The night")
class NightItem(Resource):
    """A single night."""

    def get(self, id):
        ...

    @ns.doc("delete_night")
    def delete(self, id):
        """Cancels a night."""


@ns.route("/archive/<int:year>/", "/archive/<int:year>/<int:month>/", "/archive/<int:year>/<int:month>/<int:day>/")
class NightArchive(Resource):
    def get(self, year, month=1, day=None):
        """Nights of long ago."""
