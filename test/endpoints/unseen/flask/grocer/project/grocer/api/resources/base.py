from flask_restful import Resource


class Base(Resource):
    """Shared by all."""

    model = None

    def get(self, **kwargs):
        """Read it."""
        return {}
