from rest_framework import routers

from payroll.salaries.views import PayslipViewSet, TaxViewSet

router = routers.DefaultRouter(trailing_slash=True)
router.register(prefix="payslips", viewset=PayslipViewSet)
router.register("taxes", TaxViewSet, basename="tax")
