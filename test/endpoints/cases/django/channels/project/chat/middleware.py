from channels.middleware import BaseMiddleware


class TokenMiddleware(BaseMiddleware):
    async def __call__(self, scope, receive, send):
        return await super().__call__(scope, receive, send)
