from functools import partial

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse

from core.base import CrudView, JSONView, ReadMixin


class One(ReadMixin, JSONView):
    """The first."""


class Two(CrudView):
    """The second."""


class Three(JSONView):
    @classmethod
    def as_view(cls, **kwargs):
        return login_required(super().as_view(**kwargs))


three = Three.as_view()


class Four(JSONView):
    http_method_names = [name for name in JSONView.http_method_names if name != "post"]

    def trace(self, request):
        return HttpResponse("")

    def get(self, request):
        """Read."""
        return HttpResponse("")


def five(request, template):
    """Five."""
    match request.method:
        case "GET":
            return HttpResponse("")
        case "POST" | "PUT":
            return HttpResponse("")
        case _:
            return HttpResponse(status=405)


def six(request):
    method = request.method
    if request.method.lower() == "patch":
        return HttpResponse("")
    return HttpResponse(method)


class Seven:
    def serve(self, request):
        """Seven."""
        if "DELETE" == request.method:
            return HttpResponse("")
        return HttpResponse("")


async def eight(request):
    """Eight."""
    if request.method not in ["GET", "POST"]:
        return HttpResponse(status=405)
    return HttpResponse("")


five_view = five
registry = {"six": six, "one": One.as_view()}
