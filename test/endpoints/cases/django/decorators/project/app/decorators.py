import functools


def timed(view):
    @functools.wraps(view)
    def wrapper(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return wrapper


def role(*names):
    def decorator(view):
        @functools.wraps(view)
        def wrapper(request, *args, **kwargs):
            """Never seen."""
            return view(request, *args, **kwargs)

        return wrapper

    return decorator


def bare(view):
    def wrapper(request):
        """The wrapper."""
        return view(request)

    return wrapper
