from . import schemas

ENTITIES = {
    "authors": (schemas.Author, True),
    "books": (schemas.Book, True),
    "publishers": (schemas.Publisher, True),
    "countries": (schemas.Country, False),
    "languages": (schemas.Language, False),
}
