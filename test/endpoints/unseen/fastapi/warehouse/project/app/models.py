from typing import List, Optional

from pydantic import BaseModel
from sqlmodel import Field, Relationship, SQLModel


class UserBase(BaseModel):
    email: str
    is_active: bool = True
    full_name: Optional[str] = None


class UserCreate(UserBase):
    password: str


class UserPublic(UserBase):
    id: int


class User(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    hashed_password: str
    items: List["Item"] = Relationship(back_populates="owner")


class ItemBase(BaseModel):
    sku: str
    quantity: int = 0


class ItemPublic(ItemBase):
    id: int


class Item(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)


class Message(BaseModel):
    message: str


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"
