from django.urls import path

from .api import api, public

urlpatterns = [
    path("api/", api.urls),
    path("public/", public.urls),
]
