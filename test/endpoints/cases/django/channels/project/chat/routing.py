from channels.routing import URLRouter
from django.urls import path, re_path

from . import consumers

websocket_urlpatterns = [
    re_path(r"^ws/chat/(?P<room_name>\w+)/$", consumers.ChatConsumer.as_asgi()),
    path("ws/news/", consumers.NewsConsumer.as_asgi()),
    path("ws/more/", URLRouter([path("<int:pk>/", consumers.NewsConsumer.as_asgi())])),
]
