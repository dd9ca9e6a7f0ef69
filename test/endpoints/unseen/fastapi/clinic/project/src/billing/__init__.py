from .api import router

__all__ = ["router"]
