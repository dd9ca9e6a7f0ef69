SECRET_KEY = "x"
ROOT_URLCONF = "site_urls.main"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
USE_I18N = True
LANGUAGE_CODE = "de"
LANGUAGES = [("de", "German"), ("en", "English")]
