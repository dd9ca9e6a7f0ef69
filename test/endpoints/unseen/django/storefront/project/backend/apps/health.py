from django.http import JsonResponse
from django.urls import path


def health(request):
    """Alive."""
    return JsonResponse({})


urlpatterns = [path("", health)]
