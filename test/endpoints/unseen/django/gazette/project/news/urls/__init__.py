from django.urls import include, path

from . import articles, feeds

urlpatterns = []
urlpatterns += articles.urlpatterns
urlpatterns.extend(feeds.urlpatterns)
urlpatterns.append(path("archive/", include("news.urls.archive")))
urlpatterns.insert(0, path("", articles.views.front))
