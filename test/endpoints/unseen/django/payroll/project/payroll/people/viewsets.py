from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin, UpdateModelMixin

from payroll.mixins import ArchiveMixin, ExportMixin

from .models import Department, Employee


class BaseViewSet(viewsets.GenericViewSet):
    """What all have in common."""

    filter_backends = [DjangoFilterBackend]


class EmployeeViewSet(ExportMixin, ArchiveMixin, viewsets.ModelViewSet):
    """Employees."""

    queryset = Employee.objects.all()
    lookup_url_kwarg = "employee_id"

    def retrieve(self, request, *args, **kwargs):
        """
        One employee.

        Salaries are elsewhere.
        """
        return super().retrieve(request, *args, **kwargs)

    @action(["get", "put"], True, "photo.jpg")
    def photo(self, request, employee_id=None):
        """A picture."""

    @action(detail=False, methods=["get"], url_path="by-department/(?P<department>[^/.]+)")
    def by_department(self, request, department=None): ...


class DepartmentViewSet(ListModelMixin, RetrieveModelMixin, BaseViewSet):
    queryset = Department.objects.all()


class ContractViewSet(CreateModelMixin, UpdateModelMixin, ListModelMixin, BaseViewSet):
    """Contracts of an employee."""

    lookup_field = "number"

    def create(self, request, *args, **kwargs):
        """Signs a contract."""
