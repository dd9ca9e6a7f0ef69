from rest_framework import generics, status
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.response import Response


class AlertList(generics.ListAPIView):
    """Alerts, newest first."""

    queryset = []


class AlertDetail(generics.RetrieveDestroyAPIView):
    queryset = []

    def delete(self, request, *args, **kwargs):
        """Closes an alert."""
        return self.destroy(request, *args, **kwargs)


@api_view(http_method_names=["POST"])
def acknowledge(request, pk, format=None):
    """Says that somebody looks after it."""
    return Response(status=status.HTTP_202_ACCEPTED)


@api_view(["PUT", "DELETE"])
@throttle_classes([])
def mute(request, format=None):
    """Mutes alerts, or does not any more.

    For an hour.
    """
    if request.method == "PUT":
        return Response()
    return Response(status=204)
