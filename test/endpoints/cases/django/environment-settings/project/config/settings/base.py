SECRET_KEY = "x"
ROOT_URLCONF = "config.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
WITH_STATUS = True
