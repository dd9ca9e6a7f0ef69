import os

SECRET_KEY = os.environ.get("SECRET_KEY", "x")
MODULES = ["people", "rooms", "assets"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"] + MODULES
ROOT_URLCONF = "core.urls"
FEATURES = {"kiosk": True, "import": False}
