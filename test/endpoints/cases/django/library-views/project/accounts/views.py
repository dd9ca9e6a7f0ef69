from django.contrib.auth.views import LoginView, LogoutView
from rest_framework_simplejwt.views import TokenObtainPairView


class Login(LoginView):
    """Come in."""

    def post(self, request, *args, **kwargs):
        """Really."""
        return super().post(request, *args, **kwargs)


class Logout(LogoutView):
    http_method_names = ["post"]


class Token(TokenObtainPairView):
    """A token.

    It lives long.
    """
