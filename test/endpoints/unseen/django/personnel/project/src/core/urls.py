from importlib import import_module

from django.conf import settings
from django.urls import include, path

from core.dashboard import Dashboard

urlpatterns = [path("", Dashboard.as_view())]

for name in settings.MODULES:
    module = import_module(f"{name}.urls")
    urlpatterns.append(path(f"{name}/", include((module.urlpatterns, name))))

if settings.FEATURES["kiosk"]:
    urlpatterns.append(path("kiosk/", include("core.kiosk")))
if settings.FEATURES.get("import"):
    urlpatterns.append(path("import/", include("core.importer")))
