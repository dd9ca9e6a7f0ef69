from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field


class InvoiceLine(BaseModel):
    description: Annotated[str, Field(min_length=1, max_length=200)]
    net: Annotated[Decimal, Field(ge=0, decimal_places=2)]


class Invoice(BaseModel):
    country: Literal["AT", "DE", "FR"]
    lines: Annotated[list[InvoiceLine], Field(min_length=1, max_length=100)]


class InvoiceTotal(BaseModel):
    net: Decimal
    tax: Decimal
    gross: Decimal
