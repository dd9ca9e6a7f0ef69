from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.urls import path


def page(request):
    return HttpResponse("")


urlpatterns = i18n_patterns(
    path("", page),
    path("news/", page),
    prefix_default_language=False,
)
