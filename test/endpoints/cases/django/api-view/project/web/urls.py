from django.urls import include, path
from rest_framework.urlpatterns import format_suffix_patterns

from notes import views

urlpatterns = format_suffix_patterns([
    path("notes/", views.notes),
    path("notes/<int:pk>/", views.note),
    path("hello/", views.hello),
    path("class/", views.NoteView.as_view()),
    path("auth/", include("rest_framework.urls")),
])
