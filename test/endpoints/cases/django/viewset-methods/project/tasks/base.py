from rest_framework import mixins, viewsets
from rest_framework.decorators import action


class AuditMixin:
    @action(detail=True, methods=["GET"])
    def history(self, request, pk=None):
        """What has happened."""


class BaseSet(AuditMixin, mixins.CreateModelMixin, mixins.UpdateModelMixin, viewsets.GenericViewSet):
    """A base."""

    @action(detail=False, methods=["post"], url_path="import")
    def import_all(self, request):
        """Import."""
