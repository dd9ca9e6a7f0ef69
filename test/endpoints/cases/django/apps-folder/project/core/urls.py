from django.urls import include, path

api = [
    path("users/", include("users.urls", namespace="users")),
    path("orders/", include("orders.api.urls")),
]

urlpatterns = [path("api/v1/", include(api))]
