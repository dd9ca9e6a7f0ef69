from rest_framework.routers import SimpleRouter

from ..views import OrderViewSet

router = SimpleRouter()
router.register("", OrderViewSet)

app_name = "orders"
urlpatterns = router.urls
