from django.urls import path

from blog import views

app_name = "blog"

api = [path("entries/", views.entries, name="entries")]

urlpatterns = [
    path("", views.index, name="index"),
    path("<int:entry>/", views.entry, name="entry"),
]
