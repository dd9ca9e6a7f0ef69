from django.urls import path

from app.views import first

urlpatterns = [path("y/", first)]
