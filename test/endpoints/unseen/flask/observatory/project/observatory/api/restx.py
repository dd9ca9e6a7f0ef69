import logging

from flask_restx import Api

log = logging.getLogger(__name__)
api = Api(version="1.0", title="Observatory", description="Nights and instruments", doc="/doc/")


@api.errorhandler
def on_error(e):
    return {"message": "clouds"}, 500
