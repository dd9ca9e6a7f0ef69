from django.urls import include, path
from rest_framework import routers

from tasks.views import Archive, Bulk, Derived, Limited, Plain, Task

router = routers.DefaultRouter(trailing_slash=False)
router.register("tasks", Task, basename="task")
router.register("limited", Limited, basename="limited")
router.register("plain", Plain, basename="plain")
router.register("derived", Derived, basename="derived")
router.register("bulk", Bulk, basename="bulk")

other = routers.SimpleRouter()
other.register("archive", Archive, basename="archive")
router.registry.extend(other.registry)

urlpatterns = [path("api/", include(router.urls))]
urlpatterns += other.urls
