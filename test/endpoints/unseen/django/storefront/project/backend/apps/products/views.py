from rest_framework import filters, mixins, permissions, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from .models import Category, Product, Review
from .serializers import CategorySerializer, ProductSerializer, ReviewSerializer


class CategoryViewSet(viewsets.ReadOnlyModelViewSet):
    """
    Categories of products.
    """

    queryset = Category.objects.all()
    serializer_class = CategorySerializer


class ProductViewSet(viewsets.ModelViewSet):
    """Products.

    The SKU is what they are found by.
    """

    queryset = Product.objects.select_related("category")
    serializer_class = ProductSerializer
    lookup_field = "sku"
    lookup_value_regex = "[A-Z0-9-]+"
    filter_backends = [filters.SearchFilter]
    http_method_names = ["get", "post", "patch", "delete"]

    def get_permissions(self):
        return [permissions.AllowAny()]

    def list(self, request, *args, **kwargs):
        """List products."""
        return super().list(request, *args, **kwargs)

    @action(detail=False)
    def featured(self, request):
        """Products of the week."""

    @action(detail=True, methods=["post", "delete"], url_path="favourite", permission_classes=[permissions.IsAuthenticated])
    def mark(self, request, sku=None):
        """Marks a product, or does not any more."""

    @action(detail=True, methods=["get"], url_path=r"prices/(?P<currency>[A-Z]{3})")
    def prices(self, request, sku=None, currency=None):
        return Response()

    @prices.mapping.put
    def set_price(self, request, sku=None, currency=None):
        """Sets a price."""


class ReviewViewSet(mixins.ListModelMixin, mixins.CreateModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    queryset = Review.objects.all()
    serializer_class = ReviewSerializer

    def create(self, request, *args, **kwargs):
        """Say what you think.

        Reviews are read before they are shown.
        """
        return super().create(request, *args, **kwargs)
