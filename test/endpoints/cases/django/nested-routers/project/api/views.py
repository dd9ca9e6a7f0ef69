from rest_framework import mixins, viewsets
from rest_framework.decorators import action


class DomainViewSet(viewsets.ModelViewSet):
    """Domains."""


class NameserverViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    lookup_field = "name"

    @action(detail=True, methods=["post"])
    def ping(self, request, domain_pk=None, name=None):
        """Ping it."""


class RecordViewSet(viewsets.ReadOnlyModelViewSet):
    """Records."""


class ClientViewSet(viewsets.ReadOnlyModelViewSet):
    lookup_field = "slug"
    lookup_url_kwarg = "client_slug"
