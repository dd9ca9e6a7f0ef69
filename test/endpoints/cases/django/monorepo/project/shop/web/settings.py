SECRET_KEY = "x"
ROOT_URLCONF = "web.urls"
INSTALLED_APPS = []
PREFIX = "shop/"
