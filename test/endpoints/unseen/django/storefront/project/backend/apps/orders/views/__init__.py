from .carts import CartViewSet
from .orders import OrderViewSet, checkout, order_pdf

__all__ = ["CartViewSet", "OrderViewSet", "checkout", "order_pdf"]
