from .base import Base


class BasketList(Base):
    def get(self):
        """Baskets."""

    def post(self):
        "New basket."

    def helper(self):
        """No handler."""


class BasketResource(Base):
    def delete(self, basket_id):
        ...

    def patch(self, basket_id):
        """Change what is in it.

        Quantities of 0 remove a line.
        """
