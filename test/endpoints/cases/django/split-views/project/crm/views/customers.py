from django.http import HttpResponse
from django.views.generic import DetailView, ListView

__all__ = ["CustomerList", "CustomerDetail"]


class CustomerList(ListView):
    """Customers."""


class CustomerDetail(DetailView):
    """One customer."""


def _export(request):
    """Export all of them."""
    return HttpResponse("")
