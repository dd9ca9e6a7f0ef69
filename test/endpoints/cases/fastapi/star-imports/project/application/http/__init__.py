from .one import one
from .two import *

_private = one
ALL = [one, two]
