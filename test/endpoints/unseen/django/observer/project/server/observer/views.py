from django.http import JsonResponse
from django.views import View
from rest_framework.response import Response
from rest_framework.views import APIView


class Root(APIView):
    """
    Where everything begins.

    Lists what there is.
    """

    permission_classes = []

    def get(self, request, format=None):
        return Response({})


class Graph(View):
    batch = False

    def get(self, request):
        """The graph's own page."""
        return JsonResponse({})

    def post(self, request):
        """Answers a query."""
        return JsonResponse({})
