from .base import *

EXTRA = {"users": "/people"}
