from .base import *  # noqa

DEBUG = True
INSTALLED_APPS += ["django.contrib.messages"]
API_ROOT = f"{API_PREFIX}/{API_VERSION}/"
