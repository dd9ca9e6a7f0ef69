from fastapi import APIRouter
router = APIRouter()
METHODS = ("get", "post", "delete")
def handler():
    """Handles."""
for method in METHODS:
    getattr(router, method)("/thing")(handler)
