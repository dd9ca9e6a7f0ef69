from rest_framework import generics, mixins
from rest_framework.generics import ListCreateAPIView, RetrieveUpdateDestroyAPIView


class Create(generics.CreateAPIView):
    """Create."""


class List(generics.ListAPIView):
    """List."""

    def get(self, request, *args, **kwargs):
        """List them all."""
        return super().get(request, *args, **kwargs)


class ListCreate(ListCreateAPIView):
    def post(self, request, *args, **kwargs):
        """Make one."""
        return self.create(request, *args, **kwargs)


class Retrieve(generics.RetrieveAPIView):
    pass


class Update(generics.UpdateAPIView):
    pass


class Destroy(generics.DestroyAPIView):
    pass


class RetrieveUpdateDestroy(RetrieveUpdateDestroyAPIView):
    """One product."""


class RetrieveUpdate(generics.RetrieveUpdateAPIView):
    pass


class RetrieveDestroy(generics.RetrieveDestroyAPIView):
    pass


class Mixed(mixins.ListModelMixin, mixins.CreateModelMixin, generics.GenericAPIView):
    def get(self, request, *args, **kwargs):
        return self.list(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        """Create through a mixin."""
        return self.create(request, *args, **kwargs)


class NoPatch(generics.UpdateAPIView):
    http_method_names = ["put", "options"]


class BaseList(generics.ListAPIView):
    """The base."""

    def delete(self, request):
        """Delete all."""


class Extended(BaseList):
    pass
