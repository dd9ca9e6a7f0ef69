from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response


class BookViewSet(viewsets.ModelViewSet):
    """Books.

    All there are.
    """

    def list(self, request):
        """List books."""
        return Response([])

    @action(detail=True, methods=["post", "delete"])
    def like(self, request, pk=None):
        """Like a book."""
        return Response({})

    @action(detail=False)
    def recent(self, request):
        return Response([])

    @action(detail=True, methods=["get"], url_path="the-reviews", url_name="reviews")
    def reviews(self, request, pk=None):
        """Its reviews."""
        return Response([])

    @reviews.mapping.post
    def add_review(self, request, pk=None):
        """Write a review."""
        return Response({})

    @action(detail=True, url_path=r"pages/(?P<number>\d+)")
    def page(self, request, pk=None, number=None):
        return Response({})


class AuthorViewSet(viewsets.ReadOnlyModelViewSet):
    lookup_field = "slug"


class TagViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    lookup_field = "name"
    lookup_url_kwarg = "tag"
    lookup_value_regex = "[a-z]+"


class LogViewSet(viewsets.ViewSet):
    """Logs."""

    def list(self, request):
        return Response([])

    def retrieve(self, request, pk=None):
        """One log."""
        return Response({})

    def partial_update(self, request, pk=None):
        return Response({})
