import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE_DIR / "apps"))
SECRET_KEY = "x"
ROOT_URLCONF = "core.urls"
LOCAL_APPS = ["users.apps.UsersConfig", "orders"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", *LOCAL_APPS]
