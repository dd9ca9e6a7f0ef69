from django.contrib.auth.decorators import login_required, permission_required
from django.urls import path
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from app import views

urlpatterns = [
    path("a/", login_required(views.plain)),
    path("b/", csrf_exempt(views.Hook.as_view())),
    path("c/", cache_page(60)(views.plain)),
    path("d/", cache_page(60 * 15)(login_required(views.Hook.as_view()))),
    path("e/", views.get_post),
    path("f/", views.only_get),
    path("g/", views.only_post),
    path("h/", views.safe),
    path("i/", views.stacked),
    path("j/", require_POST(views.plain)),
    path("k/", views.plain),
    path("l/", views.timed),
    path("m/", views.Locked.as_view()),
    path("n/", permission_required("app.x", raise_exception=True)(views.Hook.as_view())),
    path("o/", views.timed_hook),
    path("p/", views.with_arguments),
    path("q/", views.nameless),
]
