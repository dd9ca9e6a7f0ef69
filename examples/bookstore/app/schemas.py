"""What the API takes and gives."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Price = Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=2)]
Year = Annotated[int, Field(ge=1450, le=2100)]

Item = TypeVar("Item")


def check_isbn13(value: str) -> str:
    """Return the ISBN without hyphens; its last digit is a checksum."""
    digits = value.replace("-", "").replace(" ", "")
    if len(digits) != 13 or not digits.isdigit():
        raise ValueError("an ISBN-13 has 13 digits")
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    if total % 10:
        raise ValueError("the checksum of the ISBN is wrong")
    return digits


class AuthorCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    born: Annotated[int, Field(ge=0, le=2100)] | None = None


class Author(AuthorCreate):
    id: int


class BookCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "title": "The Lathe of Heaven",
                "isbn": "978-0-06-051274-3",
                "author_id": 1,
                "published": 1971,
                "price": "9.50",
                "in_stock": 3,
            }
        },
    )

    title: Title
    isbn: str
    author_id: Annotated[int, Field(gt=0)]
    published: Year
    price: Price
    in_stock: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @field_validator("isbn")
    @classmethod
    def isbn_is_valid(cls, value: str) -> str:
        return check_isbn13(value)

    @field_validator("published")
    @classmethod
    def not_far_in_the_future(cls, value: int) -> int:
        if value > date.today().year + 1:
            raise ValueError("published lies too far in the future")
        return value


class BookUpdate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    price: Price | None = None
    in_stock: Annotated[int, Field(ge=0, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def something_changes(self) -> "BookUpdate":
        if not self.model_fields_set:
            raise ValueError("at least one of title, price and in_stock is needed")
        return self


class Book(BaseModel):
    id: int
    title: str
    isbn: str
    author: Author
    published: int
    price: Decimal
    in_stock: int


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    total: int
    limit: int
    offset: int
