from decouple import Csv, config

SECRET_KEY = config("SECRET_KEY", default="x")
ALLOWED_HOSTS = config("ALLOWED_HOSTS", default="", cast=Csv())
API_VERSION = config("API_VERSION", default="v2")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "django_filters",
    "payroll.people",
    "payroll.salaries",
]
ROOT_URLCONF = "payroll.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
