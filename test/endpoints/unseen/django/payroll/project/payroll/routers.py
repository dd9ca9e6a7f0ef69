from rest_framework.routers import DefaultRouter


class Router(DefaultRouter):
    """Takes over what other routers have."""

    include_root_view = False

    def extend(self, router):
        self.registry.extend(router.registry)
