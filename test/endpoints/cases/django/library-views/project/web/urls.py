from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from django.views.decorators.cache import cache_page
from django.views.i18n import JavaScriptCatalog
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.authtoken.views import ObtainAuthToken, obtain_auth_token
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView, TokenVerifyView

from accounts.views import Login, Logout, Token

admin.site.site_header = "Site"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("login/", auth_views.LoginView.as_view(template_name="login.html"), name="login"),
    path("logout/", auth_views.LogoutView.as_view(next_page="/"), name="logout"),
    path("password/done/", auth_views.PasswordResetDoneView.as_view()),
    path("password/", auth_views.PasswordResetView.as_view()),
    path("mine/in/", Login.as_view()),
    path("mine/out/", Logout.as_view()),
    path("mine/token/", Token.as_view()),
    path("api-token/", obtain_auth_token),
    path("api-token/class/", ObtainAuthToken.as_view()),
    path("api-auth/", include("rest_framework.urls", namespace="rest")),
    path("api/token/", TokenObtainPairView.as_view(), name="token_obtain_pair"),
    path("api/token/refresh/", TokenRefreshView.as_view(), name="token_refresh"),
    path("api/token/verify/", TokenVerifyView.as_view()),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("api/redoc/", SpectacularRedocView.as_view(url_name="schema")),
    path("jsi18n/", cache_page(3600)(JavaScriptCatalog.as_view())),
]
