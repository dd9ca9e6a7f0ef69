import functools


def token_required(scope=None):
    def outer(view):
        @functools.wraps(view)
        def inner(*args, **kwargs):
            return view(*args, **kwargs)

        return inner

    return outer


def public(view):
    view.public = True
    return view
