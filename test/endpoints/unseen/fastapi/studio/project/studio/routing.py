import inspect

from fastapi import APIRouter, FastAPI


def verb(method):
    def with_path(path="", **options):
        def mark(function):
            function.__route__ = (method, path, options)
            return function

        return mark

    return with_path


get, post, put, patch, delete = (verb(name) for name in ("GET", "POST", "PUT", "PATCH", "DELETE"))


def mount_controller(app: FastAPI, controller, prefix: str = None) -> None:
    instance = controller()
    router = APIRouter(prefix=prefix or controller.path, tags=[controller.tag])
    for name in dir(instance):
        member = getattr(instance, name)
        route = getattr(member, "__route__", None)
        if route is None:
            continue
        method, path, options = route
        router.add_api_route(path, member, methods=[method], **options)
    app.include_router(router)
