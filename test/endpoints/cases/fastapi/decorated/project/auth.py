import asyncio
from functools import wraps


def timed(function):
    @wraps(function)
    async def inner(*args, **kwargs):
        """Not this."""
        return await function(*args, **kwargs)

    return inner


def retry(function):
    async def attempt():
        return await function()

    return attempt


def requires(*names):
    def decorator(function):
        if asyncio.iscoroutinefunction(function):
            @wraps(function)
            async def checked(*args, **kwargs):
                return await function(*args, **kwargs)
        else:
            @wraps(function)
            def checked(*args, **kwargs):
                return function(*args, **kwargs)
        return checked

    return decorator
