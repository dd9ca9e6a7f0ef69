from rest_framework import viewsets
from rest_framework_extensions.mixins import NestedViewSetMixin


class UserViewSet(NestedViewSetMixin, viewsets.ReadOnlyModelViewSet):
    """Users."""

    lookup_value_regex = "[0-9]+"


class GroupViewSet(NestedViewSetMixin, viewsets.ReadOnlyModelViewSet):
    """Groups."""


class PermissionViewSet(NestedViewSetMixin, viewsets.ModelViewSet):
    """Permissions."""
