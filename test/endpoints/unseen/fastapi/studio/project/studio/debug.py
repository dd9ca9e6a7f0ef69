from fastapi import APIRouter

debug_router = APIRouter()


@debug_router.get("/env")
def env(): ...
