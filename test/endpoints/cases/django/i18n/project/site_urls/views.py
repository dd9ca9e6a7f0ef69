from django.http import HttpResponse


def page(request):
    """A page."""
    return HttpResponse("")
