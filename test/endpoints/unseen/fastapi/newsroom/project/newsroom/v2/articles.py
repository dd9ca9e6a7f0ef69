from fastapi import APIRouter, Response

from newsroom.v1.articles import article as article_v1

router = APIRouter()


@router.get("/", description="""
Articles, with facets.

Second version.
""")
async def articles(response: Response): ...


@router.head("/{slug}")
@router.get("/{slug}")
async def article(slug: str):
    """As in the first version."""
    return await article_v1(slug)


@router.options("/{slug}")
async def article_options(slug: str): ...
