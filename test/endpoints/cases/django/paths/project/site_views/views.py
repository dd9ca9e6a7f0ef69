from django.http import HttpResponse


def home(request):
    """The first page.

    It shows what is new.
    """
    return HttpResponse("")


def about(request):
    return HttpResponse("")


def user(request, pk):
    """
    One user.

    Indented:
        more
    """
    if request.method == "POST":
        return HttpResponse("saved")
    return HttpResponse("")


def comment(request, slug, comment_id):
    if request.method in ("PUT", "PATCH"):
        return HttpResponse("")
    elif request.method == "DELETE":
        return HttpResponse("")
    return HttpResponse("")


def files(request, rest):
    return HttpResponse(rest)


plain = archive = legacy = feed = lambda request, **kwargs: HttpResponse("")


def optional(request):
    if request.method != "POST":
        return HttpResponse(status=405)
    return HttpResponse("")


def pages(request, page=1):
    return HttpResponse(page)


def cart(request):
    "The cart."
    return HttpResponse("")


def orders(request):
    return HttpResponse("")


def section(request):
    return HttpResponse("")
