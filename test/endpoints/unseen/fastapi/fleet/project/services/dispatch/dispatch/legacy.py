from fastapi import FastAPI

legacy = FastAPI(openapi_prefix="/old")


@legacy.get("/orders")
def old_orders():
    """Orders as they were."""


@legacy.get("/orders/{order_id}", deprecated=True)
def old_order(order_id: int): ...
