from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

engine = create_async_engine("sqlite+aiosqlite://")
session_factory = async_sessionmaker(engine)


class Base(DeclarativeBase):
    pass


async def get_session():
    async with session_factory() as session:
        yield session
