from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponse, HttpResponseNotAllowed
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST


def front(request):
    return HttpResponse()


def article(request, slug, **kwargs):
    """One article."""
    return HttpResponse()


@never_cache
def comments(request, slug):
    """Comments of an article.

    POST writes one.
    """
    if request.method == "GET":
        return HttpResponse()
    elif request.method == "POST":
        return HttpResponse(status=201)
    return HttpResponseNotAllowed(["GET", "POST"])


@require_http_methods(["GET", "PUT", "DELETE"])
@login_required
def comment(request, article_id, number): ...


@permission_required("news.share")
@require_POST
def share(request, article_id, network):
    """Shares an article."""


def year(request, year):
    """A year's articles."""


def month(request, year, month):
    if request.method != "GET":
        return HttpResponse(status=405)
    return HttpResponse()
