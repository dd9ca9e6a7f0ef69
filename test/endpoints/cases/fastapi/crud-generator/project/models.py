from pydantic import BaseModel


class Car(BaseModel):
    """A car."""

    id: int
    name: str


class Driver(BaseModel):
    id: int
