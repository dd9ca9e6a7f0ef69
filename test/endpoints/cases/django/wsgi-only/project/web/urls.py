from django.urls import path

from . import views

urlpatterns = [path("", views.index), path("late/", views.late)]

from .more import more_patterns  # noqa: E402

urlpatterns += more_patterns
