from rest_framework import mixins, viewsets
from rest_framework.decorators import action


class ReadCreate(mixins.CreateModelMixin, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    """Never changed once written."""


class Countable:
    @action(detail=False, methods=["GET"], name="How many")
    def count(self, request, **kwargs):
        """How many there are."""
