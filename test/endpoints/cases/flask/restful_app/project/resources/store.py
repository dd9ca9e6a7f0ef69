from flask_restful import Resource


class Store(Resource):
    """A store."""

    def get(self, name):
        return {}

    @classmethod
    def find(cls, name):
        return None

    def post(self, name):
        """Open a store."""
        return {}
