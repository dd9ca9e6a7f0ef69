from django.http import HttpResponse
from django.shortcuts import render


def home(request):
    """The front page."""
    return render(request, "home.html")


def not_found(request, exception):
    return HttpResponse(status=404)
