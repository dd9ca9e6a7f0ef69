from django.urls import include, path

from app import views

urlpatterns = [
    path("same/", views.first),
    path("same/", views.second),
    path("x/", include("app.urls")),
    path("x/", include("app.urls")),
    path("x/y/", views.second),
]
