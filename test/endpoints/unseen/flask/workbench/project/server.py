"""Starts the workbench."""
from workbench.bootstrap import Bootstrap

app = Bootstrap().with_plugins().with_health().app
