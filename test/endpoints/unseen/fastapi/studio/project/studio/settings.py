import os

DEBUG = os.getenv("DEBUG", "false").lower() == "true"
ROOT_PATH = os.getenv("ROOT_PATH", "/studio")
API = "/api"


def prefix(*parts: str) -> str:
    return "/".join([API, *parts])
