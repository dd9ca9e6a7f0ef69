from enum import Enum


class ApiVersion(str, Enum):
    V1 = "v1"
    V2 = "v2"


class Tags(str, Enum):
    ORDERS = "Orders"
    USERS = "Users & more"


ORDERS_PREFIX = "/orders"
