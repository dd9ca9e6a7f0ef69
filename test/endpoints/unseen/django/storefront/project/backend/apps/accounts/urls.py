from django.urls import path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from .views import Me, Password, Register, Users

urlpatterns = [
    path("register/", Register.as_view()),
    path("me/", Me.as_view()),
    path("", Users.as_view()),
    path("me/password/", Password.as_view()),
    path("token/", TokenObtainPairView.as_view()),
    path("token/refresh/", TokenRefreshView.as_view()),
    path("token-auth/", obtain_auth_token),
]
