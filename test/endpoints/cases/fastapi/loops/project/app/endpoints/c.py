from fastapi import APIRouter
router = APIRouter()
PATHS = {"one": "/1", "two": "/2"}
for key, path in sorted(PATHS.items()):
    router.add_api_route(path, endpoint=lambda: key, methods=["PUT"], name=key)
