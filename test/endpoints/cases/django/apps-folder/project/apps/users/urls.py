from django.urls import path

from users.views import MeView, RegisterView
from .apps import UsersConfig

app_name = UsersConfig.name

urlpatterns = [
    path("me/", MeView.as_view()),
    path("register/", RegisterView.as_view()),
]
