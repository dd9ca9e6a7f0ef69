from flask_restx import Namespace, Resource

api = Namespace("objects", path="/not-here")


class Objects(Resource):
    def get(self):
        """Objects."""


class Object(Resource):
    def get(self, name):
        """One object."""

    def patch(self, name):
        ...


api.add_resource(Objects, "/")
api.add_resource(Object, "/<name>", "/<name>/coordinates")
