from .crud import CRUDRouter
from .readonly import ReadOnlyRouter
