from django.conf import settings
from django.urls import include, path

from payroll.people.api import router as people_router
from payroll.routers import Router
from payroll.salaries.api import router as salaries_router
from payroll.salaries.views import close_month

router = Router()
router.extend(people_router)
router.extend(salaries_router)

urlpatterns = [
    path(f"api/{settings.API_VERSION}/", include((router.urls, "api"))),
    path(f"api/{settings.API_VERSION}/close/<int:year>/<int:month>", close_month),
    path("api-auth/", include("payroll.people.auth")),
]
