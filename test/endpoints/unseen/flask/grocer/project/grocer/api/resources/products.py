from flask_restful import Resource

from .base import Base


class ProductResource(Base):
    def put(self, sku):
        """Replace a product."""


class ProductList(Base):
    """Products."""

    def post(self):
        ...


class Stock(Resource):
    def get(self, place=None):
        """What is there."""


class CategoryResource(Base):
    pass
