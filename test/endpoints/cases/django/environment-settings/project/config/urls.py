from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from unknown_package import more_urls


def status(request):
    """Status."""
    return HttpResponse("")


urlpatterns = [path("", lambda request: HttpResponse(""))]
if settings.WITH_STATUS:
    urlpatterns += [path("status/", status)]
if hasattr(settings, "EXTRA"):
    urlpatterns += [path("extra/", status)]
