from fastapi import APIRouter, status
from shop.constants import ORDERS_PREFIX, Tags

router = APIRouter(prefix=ORDERS_PREFIX, tags=[Tags.ORDERS])


@router.get("/{order_id}/lines/{line_id}", status_code=status.HTTP_200_OK)
async def get_order_line(order_id: int, line_id: int):
    """Gets a line of an order."""


@router.delete("/{order_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_order(order_id: int) -> None:
    ...
