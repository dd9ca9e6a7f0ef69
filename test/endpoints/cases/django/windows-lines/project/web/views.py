from django.http import HttpResponse
from django.views import View


def a(request):
    """First.

    Second:
        third
    """
    return HttpResponse("")


class B(View):
    """
    The class.

    More.
    """

    def get(self, request):
        return HttpResponse("")
