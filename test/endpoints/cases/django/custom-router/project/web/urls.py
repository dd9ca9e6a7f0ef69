from django.urls import include, path, re_path

from api.routers import router
from api.views import ping

urlpatterns = [
    re_path(r"^api/(?P<version>v1|v2)/", include(router.urls)),
    path("ping", ping),
]
