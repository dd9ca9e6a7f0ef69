from django.http import HttpResponse
from rest_framework import viewsets
from rest_framework.decorators import action


def ping(request):
    return HttpResponse("pong")


class NoteSet(viewsets.ModelViewSet):
    """Notes."""

    @action(detail=True)
    def text(self, request, **kwargs):
        """The text."""

    @action(detail=False)
    def titles(self, request, **kwargs):
        """All titles."""
