from fastapi import APIRouter, Depends, FastAPI
from fastapi_cache.decorator import cache
from fastapi_pagination import Page, add_pagination
from loguru import logger
from sqlalchemy.orm import Session, declarative_base
from sqladmin import Admin, ModelView

from database import Base, engine, get_db
from tables import User

Base.metadata.create_all(bind=engine)
logger.add("x.log")

app = FastAPI()
admin = Admin(app, engine)


class UserAdmin(ModelView, model=User):
    column_list = [User.id, User.name]


admin.add_view(UserAdmin)
router = APIRouter(prefix="/users", tags=["users"])


@router.get("/", response_model=Page[int])
@cache(expire=60)
def list_users(db: Session = Depends(get_db)):
    """Lists users."""
    return db.query(User).filter(User.id > 1).all()


@router.get("/count")
async def count(db: Session = Depends(get_db)):
    return db.query(User).count()


app.include_router(router)
add_pagination(app)
