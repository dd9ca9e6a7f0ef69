from django.urls import include, path, re_path

from site_views import views

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about),
    path("users/<int:pk>/", views.user),
    path("posts/<slug:slug>/comments/<uuid:comment_id>/", views.comment),
    path("files/<path:rest>", views.files),
    path("plain/<name>/", views.plain),
    re_path(r"^archive/(?P<year>[0-9]{4})/(?P<month>\d+)/$", views.archive),
    re_path(r"^legacy/(\d+)/([a-z]+)/$", views.legacy),
    re_path(r"^feed\.xml$", views.feed),
    re_path(r"^optional/?$", views.optional),
    re_path(r"^pages(?:/(?P<page>\d+))?/$", views.pages),
    path("shop/", include("site_views.shop")),
]
