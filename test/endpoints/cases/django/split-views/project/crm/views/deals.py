from rest_framework.decorators import api_view
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import RetrieveModelMixin, UpdateModelMixin
from rest_framework.response import Response


@api_view(["get", "post"])
def deal_list(request):
    """Deals."""
    return Response([])


class DealView(RetrieveModelMixin, UpdateModelMixin, GenericAPIView):
    """One deal."""

    def get(self, request, *args, **kwargs):
        return self.retrieve(request, *args, **kwargs)

    def patch(self, request, *args, **kwargs):
        """Change it."""
        return self.partial_update(request, *args, **kwargs)
