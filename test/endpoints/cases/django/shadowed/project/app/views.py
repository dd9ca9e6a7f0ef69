from django.http import HttpResponse


def first(request):
    """First."""
    return HttpResponse("")


def second(request):
    """Second."""
    return HttpResponse("")
