from functools import wraps


def check(roles=()):
    def outer(f):
        @wraps(f)
        def inner(*args, **kwargs):
            return f(*args, **kwargs)
        return inner
    return outer
