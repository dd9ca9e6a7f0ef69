from fastapi import APIRouter

from app.schemas import Invoice, InvoiceTotal
from app.services.tax import calculate_vat

router = APIRouter(prefix="/invoices", tags=["invoices"])


@router.post("/total", summary="Add up an invoice")
def total(invoice: Invoice) -> InvoiceTotal:
    """Net amount, tax and gross amount of an invoice."""
    net = sum(line.net for line in invoice.lines)
    tax = calculate_vat(net, invoice.country)
    return InvoiceTotal(net=net, tax=tax, gross=net + tax)
