from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework.decorators import action
from rest_framework.viewsets import ModelViewSet, ReadOnlyModelViewSet, ViewSet

from payroll.mixins import ExportMixin

from .models import Payslip


class PayslipViewSet(ExportMixin, ReadOnlyModelViewSet):
    queryset = Payslip.objects.all()
    lookup_value_regex = r"\d+"

    @action(detail=True)
    def pdf(self, request, pk):
        """A payslip as PDF."""

    @pdf.mapping.delete
    def forget_pdf(self, request, pk):
        """Forgets the PDF."""


class TaxViewSet(ViewSet):
    """Taxes."""

    def list(self, request): ...

    def create(self, request):
        """Pays taxes."""

    def destroy(self, request, pk=None):
        """One may dream."""


@csrf_exempt
@require_POST
def close_month(request, year, month):
    """Closes a month."""
    return JsonResponse({})
