import logging

from fastapi import APIRouter, HTTPException, Response, status

from app.dependencies import AuthorDep, AuthorsDep, BooksDep, PaginationDep
from app.repositories import Conflict
from app.schemas import Author, AuthorCreate, Book, Page

logger = logging.getLogger("bookstore.authors")

router = APIRouter(prefix="/authors", tags=["authors"])


@router.get("", summary="List authors")
def list_authors(authors: AuthorsDep) -> list[Author]:
    """Retrieve all authors by name."""
    return authors.list()


@router.post("", summary="Add an author", status_code=status.HTTP_201_CREATED)
def create_author(author: AuthorCreate, authors: AuthorsDep, response: Response) -> Author:
    """Add an author, so that books can be added."""
    try:
        created = authors.create(author)
    except Conflict as conflict:
        raise HTTPException(status.HTTP_409_CONFLICT, str(conflict)) from conflict
    logger.info("added author %d: %s", created.id, created.name)
    response.headers["Location"] = f"/authors/{created.id}"
    return created


@router.get("/{author_id}", summary="Get an author")
def get_author(author: AuthorDep) -> Author:
    """Retrieve one author by id."""
    return author


@router.get("/{author_id}/books", summary="List the books of an author", tags=["books"])
def list_books_of_author(author: AuthorDep, books: BooksDep, page: PaginationDep) -> Page[Book]:
    """Retrieve a page of the books of one author."""
    items, total = books.list(page.limit, page.offset, author_id=author.id)
    return Page[Book](items=items, total=total, limit=page.limit, offset=page.offset)
