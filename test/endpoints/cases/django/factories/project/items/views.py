from django.http import HttpResponse, JsonResponse
from django.views import View


class ItemView(View):
    """Items."""

    def get(self, request, pk=None):
        return JsonResponse({})


def state(request):
    """State."""
    return HttpResponse("")


def make(number):
    def view(request):
        return HttpResponse(number)

    view.__doc__ = f"Thing {number}."
    return view


things = [make(number) for number in range(3)]


def import_one(request):
    """Imported by name."""
    return HttpResponse("")
