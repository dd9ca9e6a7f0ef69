from os import environ
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECRET_KEY = environ.get("SECRET_KEY", "x")
DEBUG = bool(int(environ.get("DEBUG", 0)))
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "sensors.apps.SensorsConfig",
    "alerts",
]
ROOT_URLCONF = "observer.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
