from fastapi import APIRouter

router = APIRouter()
PLANS = ["free", "reader", "patron"]

for plan in PLANS:

    @router.post(f"/{plan}", name=f"subscribe to {plan}")
    def subscribe(): ...


@router.delete("/{subscription_id}")
def unsubscribe(subscription_id: int):
    """Ends a subscription.

    The rest of the month is paid back.
    """
