from django.http import HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def robots_txt(request):
    """Keeps robots away.

    Not all of them listen.
    """
    return HttpResponse("", content_type="text/plain")
