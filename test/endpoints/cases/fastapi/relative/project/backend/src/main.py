from fastapi import FastAPI

from .modules.orders.presentation.http import router as orders
from .modules.users.presentation import http as users
from .shared import constants as const

app = FastAPI()
app.include_router(orders, prefix=const.PREFIX)
app.include_router(users.router, prefix=const.PREFIX)
