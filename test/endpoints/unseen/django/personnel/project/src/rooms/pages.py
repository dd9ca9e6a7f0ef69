from django.http import HttpResponse

from core.crud import Site

site = Site()


@site.page("", name="rooms")
def rooms(request):
    """Rooms."""
    return HttpResponse()


@site.page("<slug:room>/book/")
def book(request, room):
    """Books a room.

    For an hour at most.
    """
    verb = request.method
    if verb == "POST":
        return HttpResponse(status=201)
    return HttpResponse()
