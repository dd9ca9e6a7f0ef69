from django.urls import include, path

from .pages import site

urlpatterns = [
    path("", include(site.urls)),
    path("floors/<int:floor>/", include((site.urls, "floor"), namespace="floor")),
]
