from django.urls import path

from news.feeds import FEEDS, feed_view

urlpatterns = [path(f"feeds/{name}/", feed_view(name), name=f"feed-{name}") for name in FEEDS]
