"""What the routes depend on."""

import sqlite3
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Query, status

from app.config import Settings, get_settings
from app.database import connect
from app.repositories import AuthorRepository, BookRepository
from app.schemas import Author, Book

SettingsDep = Annotated[Settings, Depends(get_settings)]


def get_connection(settings: SettingsDep) -> Iterator[sqlite3.Connection]:
    connection = connect(settings.database_path)
    try:
        yield connection
    finally:
        connection.close()


ConnectionDep = Annotated[sqlite3.Connection, Depends(get_connection)]


def get_books(connection: ConnectionDep) -> BookRepository:
    return BookRepository(connection)


def get_authors(connection: ConnectionDep) -> AuthorRepository:
    return AuthorRepository(connection)


BooksDep = Annotated[BookRepository, Depends(get_books)]
AuthorsDep = Annotated[AuthorRepository, Depends(get_authors)]


class Pagination:
    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=100, description="Items of a page")] = 20,
        offset: Annotated[int, Query(ge=0, description="Items to leave out")] = 0,
    ) -> None:
        self.limit = limit
        self.offset = offset


PaginationDep = Annotated[Pagination, Depends()]


def existing_book(books: BooksDep, book_id: Annotated[int, Path(gt=0)]) -> Book:
    book = books.get(book_id)
    if book is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no book {book_id}")
    return book


def existing_author(authors: AuthorsDep, author_id: Annotated[int, Path(gt=0)]) -> Author:
    author = authors.get(author_id)
    if author is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no author {author_id}")
    return author


BookDep = Annotated[Book, Depends(existing_book)]
AuthorDep = Annotated[Author, Depends(existing_author)]
