from flask_restx import Namespace, Resource

ns = Namespace("dogs", path="/dogs/")


@ns.route("", "/all")
class Dogs(Resource):
    def get(self):
        """Dogs."""
        return []


class Dog(Resource):
    def put(self, name):
        """Rename."""
        return {}


ns.add_resource(Dog, "/<string:name>")
