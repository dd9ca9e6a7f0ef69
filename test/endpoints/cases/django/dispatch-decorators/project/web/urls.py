from django.urls import path, register_converter

from . import views
from .converters import FourDigits

register_converter(FourDigits, "yyyy")

urlpatterns = [
    path("posts/", views.Posts.as_view()),
    path("own/", views.Own.as_view()),
    path("below/", views.Below.as_view()),
    path("both/", views.both),
    path("<yyyy:year>/", views.year),
    path("v<int:major>.<int:minor>/", views.year),
    path("partial/", views.partial_view),
    path("lambda/", lambda request: None),
]
