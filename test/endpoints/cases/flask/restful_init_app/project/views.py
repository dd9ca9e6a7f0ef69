from flask_restful import Resource


class Tasks(Resource):
    def get(self):
        """Tasks."""
        return []


class Task(Resource):
    def get(self, pk):
        return {}

    def delete(self, pk):
        """Forget it."""
        return {}
