from django.conf.urls import include, url
from django.http import HttpResponse
from django.urls import re_path
from django.views.generic import TemplateView


def view(request, *args, **kwargs):
    """Any."""
    return HttpResponse("")


urlpatterns = [
    url(r"^$", view),
    url(r"^robots.txt$", view),
    url(r"^a/(?P<slug>[-\w]+)/b/(?P<pk>\d+)\.json$", view),
    url(r"^nested/((?:x|y)-(\d+))/$", view),
    url(r"^(?:plain)/$", view),
    url(r"^escaped\-dash/\/$", view),
    url(r"^(?P<kind>one|two)/end/?$", view),
    url(r"^v(?P<version>[\d.]+)/", include([
        url(r"^users/$", view),
        url(r"^(\w+)/$", view),
    ])),
    url(r"^two/(\d+)/", include([url(r"^more/(\d+)/$", view)])),
    re_path(r"^quant/(?P<year>\d{4})-(?P<day>[0-9]{1,3})/$", view),
    re_path("no-anchor/", view),
    re_path(r"^look(?=/ahead)/ahead$", view),
    re_path(r"^(?i:case)/$", view),
    re_path(r"^app/.*$", view),
    re_path(r"^(?:en|de)/choice/$", view),
    re_path(r"^[a-z]+/class/$", view),
    re_path(r"^\w+/word/$", view),
    re_path(r"^(?P<path>.*)/$", view),
    re_path(r"^.*$", TemplateView.as_view(template_name="index.html")),
]
