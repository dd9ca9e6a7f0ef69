from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from .decorators import bare, role, timed


def plain(request):
    """Plain."""
    return HttpResponse("")


@require_http_methods(["GET", "POST"])
def get_post(request):
    """Get and post."""
    return HttpResponse("")


@require_GET
def only_get(request):
    return HttpResponse("")


@csrf_exempt
@require_POST
def only_post(request):
    """Post."""
    return HttpResponse("")


@require_safe
def safe(request):
    return HttpResponse("")


@login_required
@require_http_methods(["DELETE"])
@csrf_exempt
def stacked(request):
    """Deletes.

    For good.
    """
    return HttpResponse("")


@timed
@login_required(login_url="/in/")
def timed(request):
    """Timed."""
    if request.method == "POST":
        return HttpResponse("")
    return HttpResponse("")


@method_decorator(csrf_exempt, name="dispatch")
class Hook(View):
    """A hook."""

    def post(self, request):
        return HttpResponse("")


@method_decorator([login_required, csrf_exempt], name="dispatch")
class Locked(View):
    @method_decorator(csrf_exempt)
    def dispatch(self, *args, **kwargs):
        return super().dispatch(*args, **kwargs)

    @method_decorator(login_required)
    def get(self, request):
        """Locked."""
        return HttpResponse("")


timed_hook = role("admin")(Hook.as_view())


@role("admin", "editor")
@require_http_methods(["PUT"])
def with_arguments(request):
    """Roles."""
    return HttpResponse("")


@bare
def nameless(request):
    """Hidden."""
    return HttpResponse("")
