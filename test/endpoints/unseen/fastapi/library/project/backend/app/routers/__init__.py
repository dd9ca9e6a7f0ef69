from .catalog import router as catalog_router
from .legacy import router as legacy_router
from .loans import loans_router
from .members import router as members_router

all_routers = [catalog_router, loans_router]
all_routers += [members_router]
