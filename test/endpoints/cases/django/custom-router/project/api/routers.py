from django.urls import path
from rest_framework.routers import DefaultRouter, DynamicRoute, Route, SimpleRouter

from .views import NoteSet, ping


class OptionalSlash(DefaultRouter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.trailing_slash = "/?"


class ReadOnly(SimpleRouter):
    """Lists and details without a slash."""

    routes = [
        Route(url=r"^{prefix}$", mapping={"get": "list"}, name="{basename}-list", detail=False, initkwargs={"suffix": "List"}),
        Route(url=r"^{prefix}/{lookup}$", mapping={"get": "retrieve"}, name="{basename}-detail", detail=True, initkwargs={}),
        DynamicRoute(url=r"^{prefix}/{lookup}/{url_path}$", name="{basename}-{url_name}", detail=True, initkwargs={}),
    ]


class WithPing(OptionalSlash):
    include_root_view = False

    def get_urls(self):
        urls = super().get_urls()
        return [path("ping/", ping)] + urls


router = WithPing()
router.register("notes", NoteSet, basename="note")

reader = ReadOnly()
reader.register("reader", NoteSet, basename="reader")
for prefix in ["a", "b"]:
    reader.register(prefix, NoteSet, basename=prefix)

router.registry += []
extra = reader.get_urls()
router.urls.extend(extra)
