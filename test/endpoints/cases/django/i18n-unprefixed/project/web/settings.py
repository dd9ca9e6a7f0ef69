SECRET_KEY = "x"
ROOT_URLCONF = "web.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
