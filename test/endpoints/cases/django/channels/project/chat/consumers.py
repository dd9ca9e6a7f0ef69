from channels.generic.websocket import AsyncWebsocketConsumer, JsonWebsocketConsumer


class ChatConsumer(AsyncWebsocketConsumer):
    """Talk in a room.

    Everybody hears it.
    """

    async def connect(self):
        await self.accept()


class NewsConsumer(JsonWebsocketConsumer):
    pass
