from . import deals
from .customers import *
from .customers import _export as export
