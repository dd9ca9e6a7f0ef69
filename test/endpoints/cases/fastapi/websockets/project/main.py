from fastapi import APIRouter, FastAPI, WebSocket

app = FastAPI()
chat = APIRouter(prefix="/chat", tags=["chat"])


@chat.websocket("/{room}/ws")
async def room_socket(websocket: WebSocket, room: str):
    """Talks."""


@chat.get("/{room}/messages")
async def messages(room: str, before: int = 0):
    pass


@app.websocket("/ws", name="notifications")
async def ws(websocket: WebSocket):
    pass


async def added(websocket: WebSocket):
    pass


app.include_router(chat, prefix="/api")
app.add_api_websocket_route("/added", added)
