from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from .views import page

urlpatterns = [
    path("health/", page),
    path("i18n/", include("django.conf.urls.i18n")),
]
urlpatterns += i18n_patterns(
    path("", page),
    path(_("contact/"), page),
    path("shop/", include([path("basket/", page)])),
)
