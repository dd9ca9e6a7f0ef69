from django.conf.urls import include, url
from django.conf.urls.i18n import i18n_patterns
from django.urls import path
from django.views.generic.base import TemplateView

import polls.urls
from gazette.robots import robots_txt

urlpatterns = [
    url(r"^news/", include("news.urls")),
    url(r"^polls/", include(polls.urls)),
    url(r"^robots\.txt$", robots_txt),
    path("sitemap.xml", TemplateView.as_view(template_name="sitemap.xml", content_type="text/xml")),
]

urlpatterns += i18n_patterns(
    path("imprint/", TemplateView.as_view(template_name="imprint.html")),
    url(r"^contact/$", TemplateView.as_view(template_name="contact.html")),
)
