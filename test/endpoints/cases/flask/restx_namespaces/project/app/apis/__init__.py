from flask_restx import Api, Resource

from .cats import api as cats
from .dogs import ns as dogs

api = Api(title="Zoo", version="1.0", doc="/docs", prefix="/api")
api.add_namespace(cats)
api.add_namespace(dogs, path="/hounds")


@api.route("/ping")
class Ping(Resource):
    def get(self):
        """Ping."""
        return "pong"
