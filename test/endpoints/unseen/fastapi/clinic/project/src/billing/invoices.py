from fastapi import APIRouter

invoices = APIRouter(prefix="/invoices")


@invoices.get("/")
def list_invoices():
    """Invoices."""


@invoices.get("/{number}.pdf")
def invoice_pdf(number: str):
    """An invoice as PDF."""


@invoices.post("/{number}/send")
@invoices.post("/{number}/resend")
def send_invoice(number: str):
    """Send an invoice."""
