from django.conf import settings
from django.http import HttpResponse
from django.urls import path


def bills(request):
    """Bills."""
    return HttpResponse("")


urlpatterns = [path(settings.PREFIX + "bills/", bills)]
