"""Messages and rooms as clients see them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

RoomName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class NewMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    author: Author
    text: Text


class Message(NewMessage):
    id: int
    room: str
    sent_at: datetime


class RoomInfo(BaseModel):
    name: str
    listeners: int
    messages: int
