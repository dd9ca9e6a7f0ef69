from rest_framework import viewsets
from rest_framework.decorators import action

from .base import Countable, ReadCreate
from .models import Reading, Sensor


class SensorViewSet(Countable, viewsets.ModelViewSet):
    queryset = Sensor.objects.all()
    basename = "sensor"

    def update(self, request, *args, **kwargs):
        """Replaces a sensor."""

    def partial_update(self, request, *args, **kwargs):
        """Changes a sensor."""

    @action(detail=True, methods=["post"], url_path="calibrate/(?P<offset>-?[0-9]+)", url_name="calibrate")
    def calibrate(self, request, pk, offset):
        """
        Calibrates a sensor.

            >>> calibrate(3)
        """


class ReadingViewSet(ReadCreate):
    lookup_field = "created"

    def get_queryset(self):
        return Reading.objects.filter(sensor=self.kwargs["sensor_pk"])


class StatusViewSet(viewsets.ViewSet):
    """How the sensors are."""

    def retrieve(self, request, pk=None):
        """How one sensor is."""

    def list(self, request): ...

    def wipe(self, request):
        """Forgets all."""
