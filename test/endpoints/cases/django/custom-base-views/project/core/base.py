from django.http import JsonResponse
from django.views import View


class JSONView(View):
    """Answers JSON."""

    actions = {}

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        """Post to {name}."""
        return JsonResponse({})


class ReadMixin:
    def get(self, request, *args, **kwargs):
        return JsonResponse({})


class CrudView(ReadMixin, JSONView):
    def put(self, request, pk):
        return JsonResponse({})

    def delete(self, request, pk):
        """Remove it.

        There is no way back.
        """
        return JsonResponse({})
