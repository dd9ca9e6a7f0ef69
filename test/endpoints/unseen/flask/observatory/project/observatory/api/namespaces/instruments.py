from observatory.api.restx import api
from flask_restx import Resource

ns = api.namespace("inventory/instruments", description="Cameras and spectrographs")


class InstrumentBase(Resource):
    def get(self, **kwargs):
        """Show."""


@ns.route("")
class Instruments(InstrumentBase):
    def post(self):
        ...


@ns.route("/<string:serial>/exposures")
class Exposures(InstrumentBase):
    """Exposures of an instrument.

    In seconds.
    """

    def put(self, serial):
        ...
