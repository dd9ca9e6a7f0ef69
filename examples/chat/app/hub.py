"""Rooms, their history and their listeners."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from app.models import Message, NewMessage, RoomInfo

logger = logging.getLogger("chat.hub")

HISTORY = 200
QUEUE = 100
MAX_ROOMS = 100


class TooManyRooms(Exception):
    """The hub keeps at most MAX_ROOMS rooms."""


class Room:
    def __init__(self, name: str) -> None:
        self.name = name
        self.history: deque[Message] = deque(maxlen=HISTORY)
        self.listeners: set[asyncio.Queue[Message]] = set()
        self.ids = itertools.count(1)

    def post(self, new: NewMessage) -> Message:
        message = Message(id=next(self.ids), room=self.name, sent_at=datetime.now(UTC), **new.model_dump())
        self.history.append(message)
        for queue in self.listeners:
            if queue.full():
                # A listener that does not read loses the oldest message; it can ask for the history.
                queue.get_nowait()
            queue.put_nowait(message)
        return message

    @contextmanager
    def listen(self, after: int | None = None) -> Iterator[asyncio.Queue[Message]]:
        """A queue of new messages, beginning with those of the history that came after the given id."""
        queue: asyncio.Queue[Message] = asyncio.Queue(maxsize=QUEUE)
        if after is not None:
            missed = [message for message in self.history if message.id > after]
            for message in missed[-QUEUE:]:
                queue.put_nowait(message)
        self.listeners.add(queue)
        try:
            yield queue
        finally:
            self.listeners.discard(queue)

    def info(self) -> RoomInfo:
        return RoomInfo(name=self.name, listeners=len(self.listeners), messages=len(self.history))


class Hub:
    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}

    def room(self, name: str) -> Room:
        if name not in self.rooms:
            if len(self.rooms) >= MAX_ROOMS:
                raise TooManyRooms
            self.rooms[name] = Room(name)
            logger.info("opened room %s", name)
        return self.rooms[name]


hub = Hub()
