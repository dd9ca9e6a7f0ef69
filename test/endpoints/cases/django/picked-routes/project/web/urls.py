from django.urls import include, path
from rest_framework.routers import DefaultRouter

from api.views import ThingViewSet

WANTED = ("api-root", "thing-list", "thing-reset-all", "thing-special")

router = DefaultRouter()
router.register("things", ThingViewSet, basename="thing")

urlpatterns = [
    *[url for url in router.urls if url.name in WANTED],
    path("named/", include([url for url in router.urls if url.name.endswith("detail")])),
]
