import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
SECRET_KEY = os.environ.get("SECRET_KEY", "no secret")
DEBUG = False
ROOT_URLCONF = "config.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
API_PREFIX = "api"
API_VERSION = os.getenv("API_VERSION", "v2")
STATIC_URL = "/static/"
