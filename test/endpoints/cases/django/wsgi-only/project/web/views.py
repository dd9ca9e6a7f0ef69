from django.http import HttpResponse


def index(request):
    """Index."""
    return HttpResponse("")


def late(request):
    """Late."""
    return HttpResponse("")
