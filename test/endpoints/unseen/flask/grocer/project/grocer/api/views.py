from flask import Blueprint, current_app
from flask_restful import Api
from marshmallow import ValidationError

from grocer.api.resources import (
    BasketList,
    BasketResource,
    CategoryResource,
    ProductList,
    ProductResource,
    Stock,
    UserList,
    UserResource,
)

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
api = Api(blueprint)

api.add_resource(UserResource, "/users/<int:user_id>", endpoint="user_by_id")
api.add_resource(UserList, "/users", endpoint="users")
api.add_resource(ProductResource, "/products/<string:sku>")
api.add_resource(ProductList, "/products", "/goods")
api.add_resource(Stock, "/stock", "/stock/<path:place>")

ROUTES = {
    "/baskets": BasketList,
    "/baskets/<uuid:basket_id>": BasketResource,
    "/categories/<any(fruit, 'dry food', drinks):kind>": CategoryResource,
}
for url, resource in ROUTES.items():
    api.add_resource(resource, url)


@blueprint.errorhandler(ValidationError)
def handle_marshmallow_error(e):
    return e.messages, 400
