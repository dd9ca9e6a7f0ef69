from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import View


class PostOnly:
    http_method_names = ["post"]


class Scanner(PostOnly, LoginRequiredMixin, View):
    """Scans a label."""

    def get(self, request):
        """Not allowed."""

    def post(self, request, code=None, deep=False):
        ...


def labels(request, size):
    """Labels to print."""
