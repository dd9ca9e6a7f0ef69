import secrets
from typing import Any, List, Optional

from pydantic_settings import BaseSettings, SettingsConfigDict


def origins_of(value: Any) -> List[str]:
    if isinstance(value, str) and not value.startswith("["):
        return [part.strip() for part in value.split(",")]
    return list(value)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file="../.env", env_ignore_empty=True, extra="ignore")

    API_V1_STR: str = "/api/v1"
    SECRET_KEY: str = secrets.token_urlsafe(32)
    ACCESS_TOKEN_EXPIRE_MINUTES: int = 60 * 24 * 8
    ENVIRONMENT: str = "local"
    PROJECT_NAME: str = "Warehouse"
    SENTRY_DSN: Optional[str] = None
    CORS_ORIGINS: List[str] = []
    FRONTEND_HOST: str = "http://localhost:5173"

    @property
    def all_cors_origins(self) -> List[str]:
        return [origin.rstrip("/") for origin in self.CORS_ORIGINS] + [self.FRONTEND_HOST]


settings = Settings()
