from rest_framework import viewsets
from rest_framework.decorators import action


class CartViewSet(viewsets.ViewSet):
    """Carts live in the session."""

    def list(self, request):
        ...

    def retrieve(self, request, pk=None):
        """One cart."""

    def partial_update(self, request, pk=None):
        """Changes quantities."""

    @action(methods=["POST"], detail=True)
    def clear(self, request, pk=None): ...
