from datetime import date
from typing import Optional

from pydantic import BaseModel, Field


class PatientIn(BaseModel):
    name: str = Field(..., max_length=200)
    born: Optional[date] = None


class PatientOut(PatientIn):
    id: int
