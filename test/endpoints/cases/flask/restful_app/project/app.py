from flask import Flask
from flask_restful import Api

from resources.item import Item, ItemList
from resources.store import Store

app = Flask(__name__)
api = Api(app)

api.add_resource(Store, "/store/<string:name>")
api.add_resource(Item, "/item/<string:name>", "/thing/<name>")
api.add_resource(ItemList, "/items", endpoint="items")


@api.resource("/ping", "/pong")
class Ping(ItemList):
    """Inherited methods."""


@app.route("/")
def index():
    return "x"


if __name__ == "__main__":
    from db import db
    db.init_app(app)
    app.run(port=5000)
