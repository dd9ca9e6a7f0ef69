"""The routes of a FastAPI application."""
import inspect
import re

from .rows import row
from .stubs import Stub


def today_fastapi():
    """Gives Debian's FastAPI and pydantic the names of later versions that modules import."""
    import fastapi.dependencies.utils as utils
    import fastapi.routing
    import fastapi.utils
    import pydantic
    from typing import Annotated, Any, get_args, get_origin

    def passing(*args, **kwargs):
        return args[0] if len(args) == 1 and callable(args[0]) and not kwargs else lambda wrapped: wrapped

    for name in ("field_validator", "model_validator", "computed_field", "field_serializer", "model_serializer"):
        if not hasattr(pydantic, name):
            setattr(pydantic, name, passing)
    if not hasattr(pydantic, "ConfigDict"):
        pydantic.ConfigDict = dict
    # BeforeValidator, AliasChoices and so on: of no importance for routes.
    pydantic.__getattr__ = lambda name: Stub("pydantic." + name) if name[:1].isupper() else missing_attribute(name)

    class Loose(pydantic.BaseSettings):
        class Config:
            arbitrary_types_allowed = True
            extra = "allow"

    pydantic.BaseSettings = Loose

    typed_signature = utils.get_typed_signature

    def annotated_signature(call):
        signature, params = typed_signature(call), []
        for param in signature.parameters.values():
            if get_origin(param.annotation) is Annotated:
                kind, *extras = get_args(param.annotation)
                marks = [extra for extra in extras if type(extra).__module__ == "fastapi.params"]
                default = marks[-1] if marks else param.default
                param = param.replace(annotation=kind, default=default)
            params.append(param)
        return inspect.Signature(params, __validate_parameters__=False)

    utils.get_typed_signature = annotated_signature

    make_field = fastapi.utils.create_response_field

    def any_field(name, type_, **kwargs):
        try:
            return make_field(name=name, type_=type_, **kwargs)
        except Exception:
            return make_field(name=name, type_=Any, **kwargs)

    for module in (fastapi.utils, utils, fastapi.routing):
        module.create_response_field = any_field


def missing_attribute(name):
    raise AttributeError(name)


def titled(name):
    return name.replace("_", " ").title()


def fastapi_rows(app, prefix=""):
    from fastapi import FastAPI
    from fastapi.openapi.utils import get_openapi_operation_metadata
    from fastapi.routing import APIRoute, APIWebSocketRoute
    from starlette.routing import Mount

    rows = []
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods):
                operation = get_openapi_operation_metadata(route=route, method=method, operation_ids=set())
                rows.append(row(method, prefix + route.path_format, operation.get("summary"), operation.get("description"), operation.get("tags")))
        elif isinstance(route, APIWebSocketRoute):
            text = inspect.cleandoc(route.endpoint.__doc__ or "").split("\f")[0]
            path = re.sub(r"{(\w+)(:\w+)?}", r"{\1}", route.path)
            rows.append(row("WEBSOCKET", prefix + path, titled(route.name), text, []))
        elif isinstance(route, Mount) and isinstance(route.app, FastAPI):
            rows += fastapi_rows(route.app, prefix + re.sub(r"{(\w+)(:\w+)?}", r"{\1}", route.path))
    return rows
