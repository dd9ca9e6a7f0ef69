import functools

import jwt
from flask import request


def needs(scope):
    """Lets only those in that may do something."""

    def decorator(view):
        @functools.wraps(view)
        def wrapper(*args, **kwargs):
            jwt.decode(request.headers["Authorization"], "x", algorithms=["HS256"])
            return view(*args, **kwargs)

        return wrapper

    return decorator


def anonymous(view):
    view.anonymous = True
    return view
