from sqlmodel import Session, create_engine, select

from app.core.config import settings

engine = create_engine("sqlite://")


async def init_models() -> None:
    with Session(engine) as session:
        session.exec(select(1))
