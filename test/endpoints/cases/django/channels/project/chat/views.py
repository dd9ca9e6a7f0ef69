from django.http import HttpResponse


def room(request, room_name):
    """A room."""
    return HttpResponse(room_name)
