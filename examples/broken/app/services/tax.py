"""Taxes by country."""

from decimal import ROUND_HALF_UP, Decimal

RATES = {"AT": Decimal("0.20"), "DE": Decimal("0.19"), "FR": Decimal("0.20")}


def calculate_tax(net: Decimal, country: str) -> Decimal:
    """The tax on a net amount, rounded to cents."""
    return (net * RATES[country]).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
