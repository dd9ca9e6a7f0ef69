import os

DEBUG = os.environ.get("DEBUG", "false").lower() in ("1", "true", "yes")
FEATURES = {"search": True, "chat": False}
PREFIX = os.environ.get("SEARCH_PREFIX")
