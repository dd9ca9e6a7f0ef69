from django.http import HttpResponse, JsonResponse


def index(request):
    """List entries."""
    return HttpResponse("")


def entry(request, entry):
    """Show one entry."""
    return HttpResponse("")


def entries(request):
    return JsonResponse([], safe=False)
