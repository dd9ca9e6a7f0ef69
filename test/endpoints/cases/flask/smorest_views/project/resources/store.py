from flask.views import MethodView
from flask_smorest import Blueprint

blp = Blueprint("stores", "stores")


@blp.route("/stores/<int:store_id>")
class Store(MethodView):
    """A store"""

    def get(self, store_id):
        return {}


@blp.route("/stores", methods=["POST"])
@blp.response(201)
def add_store():
    """Open a store"""
    return {}
