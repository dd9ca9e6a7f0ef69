from django.http import HttpResponse


def ping(request):
    """Ping."""
    return HttpResponse("pong")


def debug(request):
    return HttpResponse("")


def never(request):
    return HttpResponse("")
