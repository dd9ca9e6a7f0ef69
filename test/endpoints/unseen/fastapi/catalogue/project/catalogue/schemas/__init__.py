from .common import Page
from .things import Author, Book, Country, Language, Publisher

__all__ = ["Author", "Book", "Country", "Language", "Page", "Publisher"]
