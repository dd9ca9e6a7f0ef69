"""The SQLite database: schema, seed data and connections."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

logger = logging.getLogger("bookstore.database")

SCHEMA = """
CREATE TABLE IF NOT EXISTS authors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    born INTEGER
);
CREATE TABLE IF NOT EXISTS books (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    isbn TEXT NOT NULL UNIQUE,
    author_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE RESTRICT,
    published INTEGER NOT NULL,
    price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
    in_stock INTEGER NOT NULL DEFAULT 0 CHECK (in_stock >= 0)
);
CREATE INDEX IF NOT EXISTS books_author ON books (author_id);
"""

AUTHORS = [
    (1, "Ursula K. Le Guin", 1929),
    (2, "Frank Herbert", 1920),
    (3, "Octavia E. Butler", 1947),
]

BOOKS = [
    ("The Left Hand of Darkness", "9780441478125", 1, 1969, 999, 12),
    ("The Dispossessed", "9780061054884", 1, 1974, 1099, 7),
    ("Dune", "9780441172719", 2, 1965, 1299, 30),
    ("Kindred", "9780807083697", 3, 1979, 1150, 4),
    ("Parable of the Sower", "9781538732182", 3, 1993, 1250, 0),
]


def connect(path: str) -> sqlite3.Connection:
    # A dependency and the route that uses it may run in different threads of the pool.
    connection = sqlite3.connect(path, check_same_thread=False, timeout=5)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit on success, roll back on any error."""
    try:
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def create_database(path: str) -> int:
    """Create the schema, fill an empty database, and return the number of books."""
    with closing(connect(path)) as connection:
        connection.executescript(SCHEMA)
        with transaction(connection):
            if connection.execute("SELECT count(*) FROM authors").fetchone()[0] == 0:
                connection.executemany("INSERT INTO authors (id, name, born) VALUES (?, ?, ?)", AUTHORS)
                connection.executemany(
                    "INSERT INTO books (title, isbn, author_id, published, price_cents, in_stock)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    BOOKS,
                )
                logger.info("seeded %d authors and %d books", len(AUTHORS), len(BOOKS))
        return connection.execute("SELECT count(*) FROM books").fetchone()[0]
