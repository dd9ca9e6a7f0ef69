def setup(app):
    app.include_router(make(), prefix="/plugins/two")
def make():
    from fastapi import APIRouter
    router = APIRouter()
    @router.get("/status")
    async def status():
        """Status.

        Of two.
        """
    return router
