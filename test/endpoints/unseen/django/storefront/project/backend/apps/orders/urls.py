from django.urls import path
from rest_framework import routers

from .views import CartViewSet, OrderViewSet, checkout, order_pdf

app_name = "orders"

router = routers.SimpleRouter(trailing_slash=False)
router.register("orders", OrderViewSet)
router.register("carts", CartViewSet, "cart")

urlpatterns = router.urls
urlpatterns += [
    path("checkout/", checkout),
    path("orders/<str:number>.pdf", order_pdf),
]
