from functools import wraps

from flask import abort
from flask_login import current_user


def may(permission):
    def decorator(f):
        @wraps(f)
        def checked(*args, **kwargs):
            if not current_user.can(permission):
                abort(403)
            return f(*args, **kwargs)
        return checked
    return decorator


def editor_only(f):
    return may("admin")(f)
