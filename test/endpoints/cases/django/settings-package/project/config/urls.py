from django.apps import apps
from django.conf import settings
from django.conf.urls.static import static
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

from core.views import debug, never, ping

urlpatterns = [
    path(settings.API_ROOT, include("core.urls")),
]

if settings.DEBUG:
    urlpatterns += [path("debug/", debug)]
else:
    urlpatterns += [path("never/", never)]

if apps.is_installed("django.contrib.messages"):
    urlpatterns.append(path("messages/", ping))

if "rest_framework" in settings.INSTALLED_APPS:
    urlpatterns = urlpatterns + [path("installed/", ping)]

if getattr(settings, "WITH_EXTRAS", False):
    urlpatterns += [path("extras/", never)]

urlpatterns += static(settings.STATIC_URL, document_root=settings.BASE_DIR / "static")
urlpatterns += staticfiles_urlpatterns()
