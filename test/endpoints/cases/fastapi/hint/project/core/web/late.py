from .http import http


@http.get("/late")
def late():
    """Registered by an import."""
