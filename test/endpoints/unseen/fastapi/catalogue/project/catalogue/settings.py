from functools import lru_cache

from pydantic import BaseSettings


class Settings(BaseSettings):
    docs_url: str = "/docs"
    version: int = 3
    mount: str = "/api"

    @property
    def base_path(self) -> str:
        return f"{self.mount}/v{self.version}"

    class Config:
        env_prefix = "CATALOGUE_"


@lru_cache()
def get_settings() -> Settings:
    return Settings()
