from enum import Enum
from typing import Optional

from fastapi import FastAPI, Header, Path, Query
from pydantic import BaseModel

app = FastAPI(title="Notes")


class Tag(Enum):
    notes = "Notes"
    admin = "Administration"


class Note(BaseModel):
    text: str


@app.get("/")
async def root():
    return {"ok": True}


@app.get("/notes", tags=[Tag.notes], summary="All notes")
async def list_notes(q: Optional[str] = Query(None), limit: int = 10):
    """Not the summary."""
    return []


@app.post("/notes", tags=[Tag.notes, "write"], status_code=201, description="Stores a note.\n\nReturns it.")
async def create_note(note: Note):
    """Never shown."""
    return note


@app.get("/notes/{note_id}", tags=[Tag.notes])
async def read_note(note_id: int = Path(..., gt=0), x_trace: str = Header("")):
    """Read one.

    With its **text**.
    \f
    :param note_id: which
    """


@app.put("/notes/{note_id}", deprecated=True, description="")
async def replaceNote(note_id: int, note: Note):
    """Empty descriptions are none."""


@app.api_route("/echo", methods=["GET", "POST"])
async def echo2me():
    pass


@app.head("/notes")
async def head_notes():
    pass


@app.options("/notes", include_in_schema=False)
async def options_notes():
    pass


@app.get("/files/{file_path:path}")
async def get_file(file_path: str):
    return file_path


@app.get("/a", name="The first")
@app.get("/b")
async def twice():
    """Two paths."""


@app.trace("/trace")
def trace_it():
    pass


@app.websocket("/ws/{room}")
async def ws_room(websocket, room: str):
    """A room."""
    await websocket.accept()
