import logging
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response, status

from app.dependencies import AuthorsDep, BookDep, BooksDep, PaginationDep
from app.repositories import Conflict
from app.schemas import Book, BookCreate, BookUpdate, Page

logger = logging.getLogger("bookstore.books")

router = APIRouter(prefix="/books", tags=["books"])


@router.get("", summary="List books")
def list_books(
    books: BooksDep,
    page: PaginationDep,
    author_id: Annotated[int | None, Query(gt=0)] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the title")] = None,
) -> Page[Book]:
    """Retrieve a page of books, in the order in which they were added."""
    items, total = books.list(page.limit, page.offset, author_id, q)
    logger.info("listing %d of %d books", len(items), total)
    return Page[Book](items=items, total=total, limit=page.limit, offset=page.offset)


@router.post("", summary="Add a book", status_code=status.HTTP_201_CREATED)
def create_book(book: BookCreate, books: BooksDep, authors: AuthorsDep, response: Response) -> Book:
    """Add a book of an author who is known already."""
    if authors.get(book.author_id) is None:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_ENTITY, f"there is no author {book.author_id}")
    try:
        created = books.create(book)
    except Conflict as conflict:
        raise HTTPException(status.HTTP_409_CONFLICT, str(conflict)) from conflict
    logger.info("added book %d: %s", created.id, created.title)
    response.headers["Location"] = f"/books/{created.id}"
    return created


@router.get("/{book_id}", summary="Get a book")
def get_book(book: BookDep) -> Book:
    """Retrieve one book by its id."""
    return book


@router.patch("/{book_id}", summary="Change a book")
def update_book(book: BookDep, change: BookUpdate, books: BooksDep) -> Book:
    """Change the title, the price or the stock of a book."""
    updated = books.update(book.id, change)
    if updated is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no book {book.id}")
    logger.info("changed book %d", book.id)
    return updated


@router.delete("/{book_id}", summary="Remove a book", status_code=status.HTTP_204_NO_CONTENT)
def delete_book(book: BookDep, books: BooksDep) -> None:
    """Remove a book from the catalogue."""
    books.delete(book.id)
    logger.warning("removed book %d: %s", book.id, book.title)
