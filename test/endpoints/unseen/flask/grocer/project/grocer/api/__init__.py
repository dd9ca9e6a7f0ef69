from grocer.api import views

__all__ = ["views"]
