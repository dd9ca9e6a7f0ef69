"""Settings, read once from the environment."""

import os
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Settings:
    app_name: str
    version: str
    database_path: str
    log_level: str


@lru_cache
def get_settings() -> Settings:
    return Settings(
        app_name=os.environ.get("APP_NAME", "Bookstore"),
        version="1.0.0",
        database_path=os.environ.get("DATABASE_PATH", "bookstore.db"),
        log_level=os.environ.get("LOG_LEVEL", "INFO").upper(),
    )
