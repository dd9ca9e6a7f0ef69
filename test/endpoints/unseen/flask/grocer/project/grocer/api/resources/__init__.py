from .base import Base
from .baskets import BasketList, BasketResource
from .products import CategoryResource, ProductList, ProductResource, Stock
from .users import UserList, UserResource
