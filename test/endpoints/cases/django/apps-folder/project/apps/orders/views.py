from rest_framework import viewsets

from .models import Order


class OrderViewSet(viewsets.ModelViewSet):
    """Orders."""

    queryset = Order.objects.select_related("profile")
    http_method_names = ("get", "post")
