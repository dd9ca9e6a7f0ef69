from pydantic import BaseModel


class Named(BaseModel):
    name: str


class Author(Named):
    """Who wrote it."""


class Book(Named):
    pages: int = 0


class Publisher(Named):
    city: str = ""


class Country(Named):
    pass


class Language(Named):
    code: str
