import environ

env = environ.Env()
SECRET_KEY = env("SECRET_KEY", default="x")
DJANGO_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.admin", "django.contrib.sessions", "django.contrib.messages"]
THIRD_PARTY_APPS = ["rest_framework", "rest_framework.authtoken", "corsheaders", "drf_spectacular"]
LOCAL_APPS = ["apps.products", "apps.orders", "apps.accounts"]
INSTALLED_APPS = DJANGO_APPS + THIRD_PARTY_APPS + LOCAL_APPS
ROOT_URLCONF = "config.urls"
API_ROOT = "api/"
USE_TZ = True
REST_FRAMEWORK = {"DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination", "PAGE_SIZE": 20}
