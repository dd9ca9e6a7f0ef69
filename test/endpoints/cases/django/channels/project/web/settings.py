SECRET_KEY = "x"
ROOT_URLCONF = "web.urls"
ASGI_APPLICATION = "web.asgi.application"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
