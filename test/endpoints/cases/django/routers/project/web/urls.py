from django.urls import include, path, re_path
from rest_framework import routers
from rest_framework.routers import DefaultRouter, SimpleRouter

from api import views

router = DefaultRouter()
router.register("books", views.BookViewSet, basename="book")
router.register(r"authors", views.AuthorViewSet, basename="author")
router.register("tags", views.TagViewSet, "tag")

simple = SimpleRouter(trailing_slash=False)
simple.register("logs", views.LogViewSet, basename="log")

empty = routers.SimpleRouter()
empty.register("", views.TagViewSet, basename="root-tag")

urlpatterns = [
    path("api/", include(router.urls)),
    path("v2/", include((router.urls, "api"), namespace="v2")),
    re_path(r"^raw/", include(simple.urls)),
    path("empty/", include(empty.urls)),
    path("manual/", views.BookViewSet.as_view({"get": "list", "post": "create"})),
    path("manual/<int:pk>/", views.BookViewSet.as_view({"get": "retrieve", "put": "update"})),
]
