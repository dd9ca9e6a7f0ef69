from django.urls import re_path as url

from news import views

SLUG = r"(?P<slug>[-\w]+)"
ID = r"(?P<article_id>\d+)"

urlpatterns = [
    url(r"^%s/$" % SLUG, views.article, name="article"),
    url(r"^{}/comments/$".format(SLUG), views.comments),
    url(r"^" + ID + r"/comments/(\d+)/$", views.comment),
    url(rf"^{ID}/share/(?P<network>facebook|mastodon)/$", views.share),
]
