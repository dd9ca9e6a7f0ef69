from django.conf import settings
from django.conf.urls.static import static
from django.urls import include, path

urlpatterns = [path("", include("library.urls"))] + static("/media/", document_root=settings.BASE_DIR / "media")
