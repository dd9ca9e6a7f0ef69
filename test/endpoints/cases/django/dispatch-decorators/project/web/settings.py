SECRET_KEY = "x"
ROOT_URLCONF = "web.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
