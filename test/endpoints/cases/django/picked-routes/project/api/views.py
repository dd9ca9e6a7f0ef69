from rest_framework import viewsets
from rest_framework.decorators import action


class ThingViewSet(viewsets.ModelViewSet):
    """Things."""

    @action(detail=False, methods=["post"])
    def reset_all(self, request):
        """Reset them."""

    @action(detail=True, url_name="special")
    def odd(self, request, pk=None):
        pass

    @action(detail=True)
    def unwanted(self, request, pk=None):
        pass
