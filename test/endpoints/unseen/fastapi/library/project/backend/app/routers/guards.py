import functools


def librarian():
    return True


def log_calls(function):
    """Logs every call."""

    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)

    return wrapper
