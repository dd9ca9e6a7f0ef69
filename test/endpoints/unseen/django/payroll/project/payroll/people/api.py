from rest_framework.routers import SimpleRouter

from . import viewsets

router = SimpleRouter()
for prefix, viewset in {
    "employees": viewsets.EmployeeViewSet,
    "departments": viewsets.DepartmentViewSet,
}.items():
    router.register(prefix, viewset, basename=prefix)
router.register(r"employees/(?P<employee_id>\d+)/contracts", viewsets.ContractViewSet, basename="contracts")
