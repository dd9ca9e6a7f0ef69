from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

DECORATORS = [csrf_exempt, require_POST]


@method_decorator(DECORATORS, name="dispatch")
class Posts(View):
    """Posts only."""

    def get(self, request):
        return HttpResponse("")

    def post(self, request):
        return HttpResponse("")


class Own(View):
    @method_decorator(require_http_methods(["GET", "DELETE"]))
    def dispatch(self, *args, **kwargs):
        return super().dispatch(*args, **kwargs)

    def get(self, request):
        """Get."""
        return HttpResponse("")

    def put(self, request):
        return HttpResponse("")

    def delete(self, request):
        return HttpResponse("")


class Below(Posts):
    """Below."""


def year(request, **kwargs):
    """A year."""
    return HttpResponse("")


@csrf_exempt
@require_GET
def both(request):
    """Both."""
    if request.method == "POST":
        return HttpResponse("")
    return HttpResponse("")


partial_view = require_http_methods(["PATCH"])(year)
