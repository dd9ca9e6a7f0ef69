from django.conf import settings
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path(settings.PREFIX, lambda request: HttpResponse(""))]
