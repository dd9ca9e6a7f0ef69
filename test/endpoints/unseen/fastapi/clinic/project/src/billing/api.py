from fastapi import APIRouter

from .invoices import invoices
from .payments import payments

router = APIRouter()
for child in (invoices, payments):
    router.include_router(child)


@router.get("/summary")
def billing_summary(): ...
