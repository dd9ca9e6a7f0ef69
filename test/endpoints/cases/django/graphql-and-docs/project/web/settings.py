SECRET_KEY = "x"
ROOT_URLCONF = "web.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "graphene_django", "debug_toolbar", "drf_yasg", "rest_framework"]
DEBUG = True
