from dataclasses import dataclass, field
from functools import lru_cache


@dataclass
class Settings:
    name: str = "service"
    base: str = "/svc"
    versions: list = field(default_factory=lambda: ["v1", "v2"])


@lru_cache()
def get_settings() -> Settings:
    return Settings()
