from fastapi import FastAPI
from . import deep
app = FastAPI()
app.mount("/deep", deep.app)
@app.get("/users")
def users():
    """New users."""
@app.websocket("/live")
async def live(websocket): pass
