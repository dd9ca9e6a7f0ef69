from .common import *  # noqa

INSTALLED_APPS += ["web"]  # noqa: F405
