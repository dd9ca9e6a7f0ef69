from fastapi import APIRouter

payments = APIRouter(prefix="/payments", tags=["Payments"])


@payments.post("/webhook/{provider}", tags=["Hooks"])
def payment_webhook(provider: str): ...


@payments.get("/", tags=["Payments"])
def list_payments(): ...
