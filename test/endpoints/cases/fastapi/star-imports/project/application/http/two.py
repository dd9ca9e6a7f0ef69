import fastapi as f
two = f.APIRouter(tags=["two"])
@two.post("/two")
async def post_two(body: dict = f.Body(...)): """Two."""
