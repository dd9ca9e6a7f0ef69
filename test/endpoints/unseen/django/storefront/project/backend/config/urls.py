from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

api_patterns = [
    path("products/", include("apps.products.urls")),
    path("orders/", include("apps.orders.urls")),
    path("accounts/", include("apps.accounts.urls")),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path(settings.API_ROOT + "v1/", include((api_patterns, "v1"), namespace="v1")),
    path(f"{settings.API_ROOT}schema/", SpectacularAPIView.as_view(), name="schema"),
    path(f"{settings.API_ROOT}docs/", SpectacularSwaggerView.as_view(url_name="schema")),
]

if settings.DEBUG:
    urlpatterns += [path("health", include("apps.health"))]
