SECRET_KEY = "x"
ROOT_URLCONF = "web.urls"
INSTALLED_APPS = []
API_APPS = {"items": "catalogue", "common.extra": "extra"}
