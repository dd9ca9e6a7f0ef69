from .base import *  # noqa: F401,F403

ROOT_URLCONF = "config.urls"
