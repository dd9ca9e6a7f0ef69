from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from .base import AuditMixin, BaseSet


class Task(AuditMixin, viewsets.ModelViewSet):
    http_method_names = ["get", "post", "head", "options"]

    @action(detail=True, methods=["put", "post"])
    def state(self, request, pk=None):
        """Set the state."""
        return Response({})


class Limited(viewsets.ModelViewSet):
    """Without deletion."""

    http_method_names = [m for m in viewsets.ModelViewSet.http_method_names if m not in ["delete", "put"]]


class Plain(viewsets.ViewSet):
    def create(self, request):
        """Create."""
        return Response({})

    @action(methods=["get", "delete"], detail=False, url_path="by-name/(?P<name>[^/.]+)", permission_classes=[])
    def by_name(self, request, name=None):
        return Response({})


class Derived(BaseSet):
    def import_all(self, request):
        """No action any more."""


class Bulk(BaseSet):
    lookup_field = "uuid"

    def partial_update(self, request, *args, **kwargs):
        """Change a part."""
        return super().partial_update(request, *args, **kwargs)

    @action(detail=True, http_method_names=["get"], methods=["get", "post"])
    def both(self, request, uuid=None):
        """Both."""


class Archive(viewsets.ReadOnlyModelViewSet):
    """The archive."""

    lookup_url_kwarg = "archive_id"
