"""HTTP, server-sent events and WebSocket routes of the chat."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, WebSocket, WebSocketDisconnect, status
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import ValidationError

from app.hub import Room, TooManyRooms, hub
from app.models import Author, Message, NewMessage, RoomInfo, RoomName
from app.page import PAGE

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
logger = logging.getLogger("chat")

KEEP_ALIVE_SECONDS = 15

app = FastAPI(title="Chat", version="1.0.0", description="Rooms over HTTP, server-sent events and WebSocket.")


def get_room(room: RoomName) -> Room:
    try:
        return hub.room(room)
    except TooManyRooms as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "there are too many rooms") from error


RoomDep = Annotated[Room, Depends(get_room)]


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
async def index() -> str:
    return PAGE


@app.get("/rooms", tags=["rooms"], summary="List rooms")
async def list_rooms() -> list[RoomInfo]:
    """Rooms by name, with the number of their listeners and messages."""
    return [hub.rooms[name].info() for name in sorted(hub.rooms)]


@app.get("/rooms/{room}/messages", tags=["messages"], summary="Read messages")
async def list_messages(room: RoomDep, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[Message]:
    """The latest messages of a room, oldest first."""
    return list(room.history)[-limit:]


@app.post("/rooms/{room}/messages", tags=["messages"], summary="Send a message", status_code=status.HTTP_201_CREATED)
async def send_message(room: RoomDep, new: NewMessage) -> Message:
    """Send a message to everybody in a room."""
    message = room.post(new)
    logger.info("message %d in %s from %s", message.id, room.name, message.author)
    return message


async def event_stream(request: Request, room: Room, after: int | None) -> AsyncIterator[str]:
    yield f": listening to {room.name}\n\n"
    with room.listen(after) as queue:
        while not await request.is_disconnected():
            try:
                message = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield ": keep-alive\n\n"
                continue
            yield f"id: {message.id}\ndata: {message.model_dump_json()}\n\n"


@app.get("/rooms/{room}/events", tags=["messages"], summary="Follow a room")
async def follow_room(
    request: Request, room: RoomDep, last_event_id: Annotated[int | None, Header(ge=0)] = None
) -> StreamingResponse:
    """Server-sent events, one for each message."""
    return StreamingResponse(
        event_stream(request, room, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def forward(socket: WebSocket, queue: asyncio.Queue[Message]) -> None:
    while True:
        message = await queue.get()
        await socket.send_text(message.model_dump_json())


async def receive(socket: WebSocket, room: Room, author: str) -> None:
    while True:
        try:
            room.post(NewMessage(author=author, text=await socket.receive_text()))
        except ValidationError as error:
            await socket.send_json({"error": error.errors(include_url=False, include_input=False)[0]["msg"]})


@app.websocket("/rooms/{room}/ws")
async def chat(socket: WebSocket, room: RoomDep, author: Annotated[Author, Query()]) -> None:
    await socket.accept()
    logger.info("%s joined %s", author, room.name)
    with room.listen() as queue:
        sender = asyncio.create_task(forward(socket, queue))
        try:
            await receive(socket, room, author)
        except WebSocketDisconnect:
            logger.info("%s left %s", author, room.name)
        finally:
            sender.cancel()
