from django.urls import path
from rest_framework.urlpatterns import format_suffix_patterns

from alerts import views

urlpatterns = format_suffix_patterns([
    path("", views.AlertList.as_view()),
    path("<int:pk>/", views.AlertDetail.as_view()),
    path("<int:pk>/ack", views.acknowledge),
    path("mute", views.mute),
])
