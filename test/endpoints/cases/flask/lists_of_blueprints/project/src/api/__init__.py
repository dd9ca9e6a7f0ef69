from .orders import orders_bp
from .users import users_bp

BLUEPRINTS = [
    (users_bp, "/users"),
    (orders_bp, "/orders"),
]
ALL = (users_bp, orders_bp)

__all__ = ["BLUEPRINTS"]
