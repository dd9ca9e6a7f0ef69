from rest_framework.decorators import action
from rest_framework.response import Response


class ExportMixin:
    @action(detail=False, methods=["get"], url_path="export.csv", url_name="export")
    def export(self, request, *args, **kwargs):
        """All rows as CSV."""
        return Response()


class ArchiveMixin:
    @action(detail=True, methods=["post"])
    def archive(self, request, *args, **kwargs):
        """Puts it away."""

    @action(detail=True, methods=["post"])
    def restore(self, request, *args, **kwargs): ...
