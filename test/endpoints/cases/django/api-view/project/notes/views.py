from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated])
def notes(request, format=None):
    """All notes, or a new one.

    The rest of the story.
    """
    return Response([])


@api_view(http_method_names=["GET", "PUT", "DELETE"])
def note(request, pk, format=None):
    """One note."""
    if request.method == "PUT":
        return Response({})
    return Response({})


@permission_classes([AllowAny])
@api_view()
def hello(request, format=None):
    return Response({})


class NoteView(APIView):
    """Notes by class."""

    permission_classes = [AllowAny]

    def get(self, request, format=None):
        return Response({})

    def post(self, request, format=None):
        """Write.

        It is kept.
        """
        return Response({})
