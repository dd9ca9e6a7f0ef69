from .base import *

ROOT_URLCONF = "config.nothing"
