from django.urls import path, re_path

from .views import enrol, profile, search

urlpatterns = [
    path("enrol/", enrol, name="enrol"),
    path("search", search),
    re_path(r"^(?P<username>[\w.@+-]+)/$", profile, name="profile"),
    re_path(r"^archive/(?P<year>[0-9]{4})(?:/(?P<month>[0-9]{1,2}))?/$", profile),
]
