from flask_jwt_extended import jwt_required
from flask_restful import Resource


class UserResource(Resource):
    """Single object resource

    ---
    get:
      tags:
        - api
    """

    method_decorators = [jwt_required()]

    def get(self, user_id):
        return {}

    def put(self, user_id):
        """Change a user"""

    def delete(self, user_id):
        return {}


class UserList(Resource):
    """Creation and get_all"""

    def get(self):
        ...

    @jwt_required()
    def post(self):
        """Create a user.

        Mails are sent.
        """
