from django.urls import include, path
from rest_framework.routers import DefaultRouter, SimpleRouter

from .viewsets import ReadingViewSet, SensorViewSet, StatusViewSet

app_name = "sensors"

router = DefaultRouter()
for viewset in (SensorViewSet,):
    router.register(f"{viewset.basename}s", viewset, basename=viewset.basename)

readings = SimpleRouter()
readings.register("readings", ReadingViewSet, basename="reading")

status = StatusViewSet.as_view({"get": "list", "delete": "wipe"})

urlpatterns = [
    path("", include(router.urls)),
    path("sensors/<int:sensor_pk>/", include(readings.urls)),
    path("status/", status),
    path("status/<int:pk>/", StatusViewSet.as_view({"get": "retrieve"})),
]
