from django.http import HttpResponse

FEEDS = ["latest", "sports"] + ["weather"]


def feed_view(name):
    def view(request):
        """A feed for readers."""
        return HttpResponse(name)

    return view
