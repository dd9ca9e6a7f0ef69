from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from observer.views import Graph, Root
from web.pages import PAGES

app_patterns = (
    [
        path("", login_required(TemplateView.as_view(template_name="app.html")), name="app"),
        re_path(r"^(?P<view>dashboard|settings)/$", TemplateView.as_view(template_name="app.html")),
    ],
    "spa",
)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include([
        path("", Root.as_view()),
        path("v1/", include("sensors.urls", namespace="sensors")),
        path("v1/alerts/", include("alerts.urls")),
    ])),
    path("graph", csrf_exempt(Graph.as_view(batch=True))),
    path("app/", include(app_patterns)),
]

urlpatterns += [path(f"{name}.html", view, name=name) for name, view in PAGES.items()]

if settings.DEBUG:
    import debug_toolbar

    urlpatterns = [path("__debug__/", include(debug_toolbar.urls))] + urlpatterns
