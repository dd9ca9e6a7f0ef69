from .base import *  # noqa: F401,F403

DEBUG = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
