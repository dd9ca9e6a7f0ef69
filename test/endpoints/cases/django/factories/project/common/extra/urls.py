from django.urls import path

from items.views import state

app_name = "extra"
urlpatterns = [path("", state)]
