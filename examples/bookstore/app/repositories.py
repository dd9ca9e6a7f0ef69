"""All SQL of the application."""

import sqlite3
from decimal import Decimal

from app.database import transaction
from app.schemas import Author, AuthorCreate, Book, BookCreate, BookUpdate

SELECT_BOOK = """
SELECT b.id, b.title, b.isbn, b.published, b.price_cents, b.in_stock,
       a.id AS author_id, a.name AS author_name, a.born AS author_born
FROM books b JOIN authors a ON a.id = b.author_id
"""


class Conflict(Exception):
    """Something with the same unique value exists already."""


def _cents(price: Decimal) -> int:
    return int(price * 100)


def _author(row: sqlite3.Row) -> Author:
    return Author(id=row["id"], name=row["name"], born=row["born"])


def _book(row: sqlite3.Row) -> Book:
    return Book(
        id=row["id"],
        title=row["title"],
        isbn=row["isbn"],
        author=Author(id=row["author_id"], name=row["author_name"], born=row["author_born"]),
        published=row["published"],
        price=Decimal(row["price_cents"]) / 100,
        in_stock=row["in_stock"],
    )


class AuthorRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def list(self) -> list[Author]:
        return [_author(row) for row in self.connection.execute("SELECT * FROM authors ORDER BY name")]

    def get(self, author_id: int) -> Author | None:
        row = self.connection.execute("SELECT * FROM authors WHERE id = ?", (author_id,)).fetchone()
        return _author(row) if row else None

    def create(self, author: AuthorCreate) -> Author:
        try:
            with transaction(self.connection) as connection:
                cursor = connection.execute(
                    "INSERT INTO authors (name, born) VALUES (?, ?)", (author.name, author.born)
                )
        except sqlite3.IntegrityError as error:
            raise Conflict(f"an author named {author.name!r} exists") from error
        return Author(id=cursor.lastrowid, **author.model_dump())


class BookRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def list(
        self, limit: int, offset: int, author_id: int | None = None, query: str | None = None
    ) -> tuple[list[Book], int]:
        conditions, values = [], []
        if author_id is not None:
            conditions.append("b.author_id = ?")
            values.append(author_id)
        if query:
            conditions.append("instr(lower(b.title), lower(?)) > 0")
            values.append(query)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        total = self.connection.execute(f"SELECT count(*) FROM books b{where}", values).fetchone()[0]
        rows = self.connection.execute(
            f"{SELECT_BOOK}{where} ORDER BY b.id LIMIT ? OFFSET ?", [*values, limit, offset]
        )
        return [_book(row) for row in rows], total

    def get(self, book_id: int) -> Book | None:
        row = self.connection.execute(f"{SELECT_BOOK} WHERE b.id = ?", (book_id,)).fetchone()
        return _book(row) if row else None

    def create(self, book: BookCreate) -> Book:
        try:
            with transaction(self.connection) as connection:
                cursor = connection.execute(
                    "INSERT INTO books (title, isbn, author_id, published, price_cents, in_stock)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (book.title, book.isbn, book.author_id, book.published, _cents(book.price), book.in_stock),
                )
        except sqlite3.IntegrityError as error:
            raise Conflict(f"a book with ISBN {book.isbn} exists") from error
        created = self.get(cursor.lastrowid)
        assert created is not None
        return created

    def update(self, book_id: int, change: BookUpdate) -> Book | None:
        columns = change.model_dump(exclude_none=True)
        if "price" in columns:
            columns["price_cents"] = _cents(columns.pop("price"))
        assignments = ", ".join(f"{column} = ?" for column in columns)
        if assignments:
            with transaction(self.connection) as connection:
                connection.execute(f"UPDATE books SET {assignments} WHERE id = ?", [*columns.values(), book_id])
        return self.get(book_id)

    def delete(self, book_id: int) -> bool:
        with transaction(self.connection) as connection:
            return connection.execute("DELETE FROM books WHERE id = ?", (book_id,)).rowcount > 0
