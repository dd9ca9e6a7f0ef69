from django.urls import path

from core.crud import crud_urls

from .views import Scanner, labels

urlpatterns = list(crud_urls("Asset", "items", only=("list", "detail")))
urlpatterns = urlpatterns + [
    path("scan/", Scanner.as_view()),
    path("scan/<path:code>", Scanner.as_view(), {"deep": True}),
    path("labels/", labels, kwargs={"size": "a4"}),
]
