from fastapi.routing import APIRouter

admin_router = APIRouter()


@admin_router.post("/reset", operation_id="resetAll", summary="Reset everything")
async def reset():
    """
        Resets.

          Really.
    """


@admin_router.get("/reset", include_in_schema=False)
async def reset_form():
    pass
