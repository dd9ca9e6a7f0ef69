from rest_framework_extensions.routers import ExtendedSimpleRouter

from api import views

router = ExtendedSimpleRouter()
users = router.register(r"users", views.UserViewSet, basename="user")
users.register(r"groups", views.GroupViewSet, basename="users-group", parents_query_lookups=["user_groups"]).register(
    r"permissions",
    views.PermissionViewSet,
    basename="users-groups-permission",
    parents_query_lookups=["group__user", "group"],
)
router.register("plain", views.GroupViewSet, basename="plain")

urlpatterns = router.urls
