from django.urls import path
from django.views import View


class Kiosk(View):
    def get(self, request):
        """The screen at the door."""

    def post(self, request):
        ...


urlpatterns = [
    path("", Kiosk.as_view()),
    path("readonly/", Kiosk.as_view(http_method_names=["get"])),
]
