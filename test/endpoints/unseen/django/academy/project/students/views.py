from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods


@csrf_exempt
@require_http_methods(["POST", "DELETE"])
def enrol(request):
    """Enrols, or leaves.

    Leaving is possible for two weeks.
    """
    return JsonResponse({})


@require_GET
@cache_page(60)
def search(request):
    return JsonResponse({})


@login_required
def profile(request, **kwargs):
    """A student."""
    if request.method == "POST":
        return JsonResponse({"saved": True})
    return JsonResponse({})
