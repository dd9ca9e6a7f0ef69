#!/usr/bin/python3
"""Writes the endpoints that a FastAPI, Flask or Django project really has, by importing it and asking it.

    truth.py PROJECT [-o truth.json]      PROJECT is the folder; run.json beside it says which applications it serves:

    {"apps": [{"framework": "fastapi", "root": ".", "app": "app.main:app"}]}

Packages that Debian does not have are real where TRUTH_PACKAGES names a folder with them; a project that needs them
says so, {"packages": ["ninja"]}, and keeps the truth it has where they are not.

root is the folder of absolute imports. app is module:attribute (of an application or a function that makes one), or, with
Django, the settings module. Without run.json the usual names are tried. Modules that are not installed become stubs, of
which every attribute is there, every call gives another one, and every decorator gives back what it decorates.
"""
import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import inspect
import json
import os
import pathlib
import re
import subprocess
import sys
import types

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
NOT_ROOTS = {"tests", "test", "docs", "examples", "node_modules", "venv", ".venv", "migrations", "__pycache__"}
FACTORIES = ("create_app", "make_app", "get_app", "create_application", "get_application", "build_app", "init_app", "app_factory", "application_factory")
SECONDS = 120
# NOT_HERE is the exit status when a project needs packages that Debian does not have.
NOT_HERE = 3


# ---------------------------------------------------------------- stubs

def dunder(name):
    return name.startswith("__") and name.endswith("__")


class StubMeta(type):
    def __new__(mcs, name, bases, namespace, **_):
        return super().__new__(mcs, name, bases, namespace)

    def __init__(cls, name, bases, namespace, **_):
        super().__init__(name, bases, namespace)

    def __getattr__(cls, name):
        if dunder(name):
            raise AttributeError(name)
        return Stub(name)

    def __getitem__(cls, _):
        return cls

    def __iter__(cls):
        return iter(())


class StubBase(metaclass=StubMeta):
    """What classes inherit from that name a stub as their base."""

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        if dunder(name):
            raise AttributeError(name)
        return Stub(name)

    def __class_getitem__(cls, _):
        return cls

    @classmethod
    def __get_validators__(cls):
        yield lambda value: value

    @classmethod
    def __modify_schema__(cls, schema):
        schema.update(type="object")


class Stub:
    """Stands for anything of a module that is not installed."""

    def __init__(self, path):
        self.__dict__["_stub_path"] = path
        self.__dict__["__name__"] = path.rpartition(".")[2]

    def __getattr__(self, name):
        if dunder(name):
            raise AttributeError(name)
        child = Stub(f"{self._stub_path}.{name}")
        self.__dict__[name] = child
        return child

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and isinstance(args[0], (types.FunctionType, type)):
            return args[0]
        return Stub(self._stub_path + "()")

    def __mro_entries__(self, bases):
        first = next(base for base in bases if isinstance(base, Stub))
        return (StubBase,) if self is first and not any(isinstance(base, StubMeta) for base in bases) else ()

    def __get_validators__(self):
        yield lambda value: value

    def __modify_schema__(self, schema):
        schema.update(type="object")

    def __getitem__(self, _):
        return Stub(self._stub_path + "[]")

    def __setitem__(self, _key, _value):
        pass

    def __setattr__(self, name, value):
        self.__dict__[name] = value

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return True

    def __contains__(self, _):
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return False

    def __await__(self):
        return self
        yield

    def __int__(self):
        return 0

    def __float__(self):
        return 0.0

    def __index__(self):
        return 0

    def __hash__(self):
        return id(self)

    def __fspath__(self):
        return "stub"

    def __str__(self):
        return "stub"

    __repr__ = __str__

    def __eq__(self, other):
        return self is other

    def _same(self, *_):
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __or__ = __ror__ = __and__ = __rand__ = _same
    __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __neg__ = __invert__ = __lshift__ = __rshift__ = _same
    __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: False


class StubModule(types.ModuleType):
    def __init__(self, name):
        super().__init__(name)
        self.__path__ = []
        self.__file__ = "/nonexistent/" + name.replace(".", "/") + "/__init__.py"
        self.__all__ = []
        if name.rpartition(".")[2] == "urls":
            self.urlpatterns = []

    def __getattr__(self, name):
        if dunder(name):
            raise AttributeError(name)
        if name.endswith(("Error", "Exception")):
            return type(name, (Exception,), {})
        return Stub(f"{self.__name__}.{name}")


def asked_by_library():
    """Reports whether an installed package asks: it tries modules that need not be there, and must be told so."""
    frame = sys._getframe(1)
    passing = ("importlib", __file__, "/django/urls/", "/django/apps/", "/django/utils/", "/django/conf/", "/functools.py")
    while frame and any(part in frame.f_code.co_filename for part in passing):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(("/usr/lib/", "/usr/local/lib/"))


# REAL packages are imported; all others are stubs even where they are installed, so that every machine finds the same.
REAL = {
    "anyio", "click", "django", "django_filters", "email_validator", "fastapi", "flask", "flask_restful", "itsdangerous", "jinja2",
    "markupsafe", "multipart", "pydantic", "pytz", "rest_framework", "starlette", "typing_extensions", "werkzeug", "yaml",
}


PACKAGES = pathlib.Path(os.environ["TRUTH_PACKAGES"]) if "TRUTH_PACKAGES" in os.environ else None


class StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what neither the project, Python nor REAL has."""

    def __init__(self, root, elsewhere=()):
        """elsewhere: folders that could have been the root, too. What only they have is missing, and no stub."""
        self.folders = [pathlib.Path(folder) for folder in (root, *elsewhere)]

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        # Projects put folders of their own into sys.path.
        folders = [*self.folders, *(pathlib.Path(entry) for entry in sys.path if entry.startswith(str(self.folders[0])))]
        folders += [PACKAGES] if PACKAGES else []
        own = any((folder / top).is_dir() or (folder / (top + ".py")).is_file() for folder in folders)
        if own or top in REAL or top in sys.stdlib_module_names or asked_by_library():
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = StubModule(spec.name)
        shim = SHIMS.get(spec.name)
        if shim:
            shim(module)
        return module

    def exec_module(self, module):
        pass


# ---------------------------------------------------------------- modules that decide about endpoints and are not packaged

def shim_pydantic_settings(module):
    import pydantic

    module.BaseSettings = pydantic.BaseSettings
    module.SettingsConfigDict = dict


def shim_decouple(module):
    missing = object()

    def config(name, default=missing, cast=None):
        value = os.environ.get(name, "" if default is missing else default)
        return cast(value) if cast and not isinstance(cast, Stub) and default is not missing else value

    module.config = config
    module.Csv = lambda *args, **kwargs: lambda value: [part.strip() for part in str(value).split(",") if part.strip()]


def shim_environ(module):
    class Env:
        def __init__(self, *args, **scheme):
            self.scheme = scheme

        def __call__(self, name, cast=None, default=None, **_):
            if default is None and isinstance(self.scheme.get(name), tuple):
                default = self.scheme[name][1]
            return os.environ.get(name, "" if default is None else default)

        def __getattr__(self, kind):
            return lambda name, default=None, **_: default if default is not None else Stub(name)

        @staticmethod
        def read_env(*args, **kwargs):
            pass

    module.Env = Env
    module.Path = Stub("environ.Path")


def shim_simplejwt_views(module):
    from rest_framework.views import APIView

    for name in ("TokenViewBase", "TokenObtainPairView", "TokenRefreshView", "TokenVerifyView", "TokenObtainSlidingView", "TokenRefreshSlidingView", "TokenBlacklistView"):
        view = type(name, (APIView,), {"post": lambda self, request: None, "__module__": "rest_framework_simplejwt.views"})
        setattr(module, name, view)


def shim_spectacular_views(module):
    from rest_framework.views import APIView

    for name in ("SpectacularAPIView", "SpectacularSwaggerView", "SpectacularRedocView", "SpectacularJSONAPIView", "SpectacularYAMLAPIView"):
        members = {"get": lambda self, request: None, "url_name": "", "template_name": "", "__module__": "drf_spectacular.views"}
        setattr(module, name, type(name, (APIView,), members))


def shim_graphene_views(module):
    from django.views import View

    members = {"get": lambda self, request: None, "post": lambda self, request: None, "schema": None, "graphiql": False, "__module__": "django.views"}
    module.GraphQLView = type("GraphQLView", (View,), members)


def shim_yasg_views(module):
    def view(request):
        return None

    view.__module__ = "rest_framework"
    made = types.SimpleNamespace(with_ui=lambda *args, **kwargs: view, without_ui=lambda *args, **kwargs: view, as_cached_view=lambda *args, **kwargs: view)
    module.get_schema_view = lambda *args, **kwargs: made


def shim_restx(module):
    """What of flask-restx makes routes; its own pages (specification, Swagger UI) are left out."""
    from flask.views import MethodView

    class Resource(MethodView):
        def __init__(self, api=None, *args, **kwargs):
            pass

        def dispatch_request(self, *args, **kwargs):
            return ""

    class Namespace:
        def __init__(self, name, description=None, path=None, decorators=None, validate=None, authorizations=None, ordered=False, **_):
            self.name, self._path, self.resources, self.apis, self.models = name, path, [], [], {}

        @property
        def path(self):
            return (self._path or "/" + self.name).rstrip("/")

        def add_resource(self, resource, *urls, **kwargs):
            self.resources.append((resource, urls))
            for api in self.apis:
                api.register(self, resource, urls)

        def route(self, *urls, **kwargs):
            def wrapper(cls):
                self.add_resource(cls, *urls)
                return cls
            return wrapper

        def hide(self, thing):
            return thing

        def __getattr__(self, name):
            if dunder(name):
                raise AttributeError(name)
            return Stub("flask_restx.Namespace." + name)

    class Api:
        def __init__(self, app=None, version="1.0", title=None, description=None, prefix="", default="default", default_label=None, **_):
            self.prefix, self.pending, self.target, self.ns_paths, self.namespaces = prefix, [], None, {}, []
            self.registered = 0
            self.default_namespace = Namespace(default, path="/")
            self.add_namespace(self.default_namespace)
            if app is not None:
                self.init_app(app)

        def init_app(self, app, **kwargs):
            self.target = app
            pending, self.pending = self.pending, []
            for entry in pending:
                self.register(*entry)

        def add_namespace(self, namespace, path=None):
            if path is not None:
                self.ns_paths[namespace] = path
            if namespace not in self.namespaces:
                self.namespaces.append(namespace)
                namespace.apis.append(self)
            for resource, urls in namespace.resources:
                self.register(namespace, resource, urls)

        def namespace(self, *args, **kwargs):
            path = kwargs.get("path")
            made = Namespace(*args, **kwargs)
            self.add_namespace(made, path=path)
            return made

        def register(self, namespace, resource, urls):
            if self.target is None:
                self.pending.append((namespace, resource, urls))
                return
            base = self.ns_paths.get(namespace)
            base = namespace.path if base is None else base.rstrip("/")
            self.registered += 1
            view = resource.as_view(f"{resource.__name__}_{self.registered}")
            view.truth_tags = [namespace.name]
            for url in urls:
                self.target.add_url_rule(self.prefix + base + url, view_func=view)

        def __getattr__(self, name):
            if dunder(name):
                raise AttributeError(name)
            return getattr(self.__dict__["default_namespace"], name)

    module.Api, module.Namespace, module.Resource = Api, Namespace, Resource


SHIMS = {
    "graphene_django.views": shim_graphene_views,
    "drf_yasg.views": shim_yasg_views,
    "pydantic_settings": shim_pydantic_settings,
    "decouple": shim_decouple,
    "environ": shim_environ,
    "flask_restplus": shim_restx,
    "flask_restx": shim_restx,
    "rest_framework_simplejwt.views": shim_simplejwt_views,
    "drf_spectacular.views": shim_spectacular_views,
}


# ---------------------------------------------------------------- FastAPI

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


# ---------------------------------------------------------------- Flask

def flask_rows(app):
    rows = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.endswith(".static"):
            continue
        view = app.view_functions[rule.endpoint]
        cls = getattr(view, "view_class", None)
        asked = getattr(rule, "truth_methods", None)
        for method in sorted(rule.methods):
            if method == "HEAD" and "GET" in rule.methods and "HEAD" not in (asked or ()):
                continue
            if method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
                continue
            summary, description = split(own_doc(cls, method.lower()) if cls else view.__doc__)
            blueprint = rule.endpoint.rpartition(".")[0]
            tags = getattr(view, "truth_tags", None) or ([blueprint] if blueprint else [])
            path = re.sub(r"<(?:[^<>:]*(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
            rows.append(row(method, path, summary, description, tags))
    return rows


def ninja_rows(callback, path):
    """What Django Ninja's own document says of a path; its pages (docs, openapi.json) are left out."""
    view = getattr(inspect.unwrap(callback), "__self__", None)
    operations = [operation for operation in getattr(view, "operations", ()) if operation.include_in_schema]
    return [row(method, path, operation.summary, operation.description, operation.tags) for operation in operations for method in operation.methods]


def own_doc(cls, handler):
    """The docstring of a class's method, else the class's, where the project wrote it."""
    function = getattr(cls, handler, None)
    text = getattr(function, "__doc__", None) if function is not None and ours(function) else None
    return text or (cls.__doc__ if ours(cls) else None) or ""


def ours(thing):
    """Reports whether the project defines it, and no library."""
    top = (getattr(inspect.unwrap(thing) if callable(thing) else thing, "__module__", "") or "").partition(".")[0]
    return top not in {"django", "rest_framework", "flask", "flask_restful", "flask_restx", "fastapi", "starlette", "rest_framework_simplejwt", "drf_spectacular", "functools"}


# ---------------------------------------------------------------- Django

def hook_django():
    import django.views.decorators.http as http

    def require_http_methods(methods):
        def decorator(view):
            import functools

            @functools.wraps(view)
            def inner(request, *args, **kwargs):
                return view(request, *args, **kwargs)
            inner.truth_methods = [method.upper() for method in methods]
            return inner
        return decorator

    http.require_http_methods = require_http_methods
    http.require_GET = require_http_methods(["GET"])
    http.require_POST = require_http_methods(["POST"])
    http.require_safe = require_http_methods(["GET"])
    # What serves files while DEBUG is on is no endpoint of the project.
    import django.conf.urls.static as static

    static.static = lambda *args, **kwargs: []
    import django.contrib.staticfiles.urls as staticfiles

    staticfiles.staticfiles_urlpatterns = lambda *args, **kwargs: []


def django_setup(settings):
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    hook_django()
    import django
    from django.conf import settings as conf

    conf.INSTALLED_APPS = [app for app in conf.INSTALLED_APPS if is_real(app)]
    conf.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    conf.LOGGING_CONFIG = None
    conf.AUTH_USER_MODEL = conf.AUTH_USER_MODEL if not isinstance(conf.AUTH_USER_MODEL, Stub) else "auth.User"
    django.setup()


def is_real(app):
    """Reports whether an entry of INSTALLED_APPS is a package, or a configuration in one, that is there."""
    try:
        module = importlib.import_module(app)
    except ImportError:
        module = importlib.import_module(app.rpartition(".")[0])
    return not isinstance(module, StubModule)


def django_rows():
    from django.urls import get_resolver, get_urlconf

    return walk(get_resolver(get_urlconf()).url_patterns, "", [], [0]) + socket_rows()


def socket_rows():
    """The WebSocket routes of the ASGI application that the settings name."""
    from django.conf import settings

    name = getattr(settings, "ASGI_APPLICATION", None)
    if not isinstance(name, str):
        return []
    module, _, attribute = name.rpartition(".")
    application = beneath(getattr(importlib.import_module(module), attribute))
    protocols = getattr(application, "application_mapping", {})
    return walk_sockets(beneath(protocols.get("websocket")), "", [0])


def beneath(application):
    """Looks through middleware of Channels."""
    while application is not None and not hasattr(application, "routes") and not hasattr(application, "application_mapping"):
        application = getattr(application, "inner", None) or getattr(application, "application", None)
    return None if isinstance(application, Stub) else application


def walk_sockets(router, prefix, unnamed):
    rows = []
    for entry in getattr(router, "routes", ()):
        count = list(unnamed)
        try:
            path = prefix + written(entry.pattern, count)
        except Inexpressible:
            continue
        consumer = getattr(entry.callback, "consumer_class", None)
        nested = beneath(entry.callback) if consumer is None else None
        if nested is not None:
            rows += walk_sockets(nested, path, count)
        else:
            rows.append(row("WEBSOCKET", "/" + path.lstrip("/"), *split(consumer.__doc__ if consumer else ""), []))
    return rows


FORMAT_SUFFIX = re.compile(r"\\.\(\?P<format>\[|<drf_format_suffix\w*:format>")


def walk(patterns, prefix, namespaces, unnamed):
    from django.urls import URLPattern, URLResolver

    rows = []
    for entry in patterns:
        count = list(unnamed)
        try:
            path = prefix + written(entry.pattern, count)
        except Inexpressible:
            continue
        if isinstance(entry, URLResolver):
            if entry.app_name == "admin":
                continue
            names = namespaces + ([entry.namespace] if entry.namespace else [])
            rows += walk(entry.url_patterns, path, names, count)
        elif isinstance(entry, URLPattern) and not FORMAT_SUFFIX.search(str(entry.pattern)):
            tags = [":".join(namespaces)] if namespaces else []
            if (getattr(getattr(entry.callback, "func", entry.callback), "__module__", None) or "").startswith("ninja."):
                rows += ninja_rows(entry.callback, "/" + path)
                continue
            for method, text in django_methods(entry.callback):
                rows.append(row(method, "/" + path.lstrip("/") if not path.startswith("/") else path, *split(text), tags))
    return rows


class Inexpressible(Exception):
    """A regular expression that stands for more than one path."""


def written(pattern, unnamed):
    from django.urls.resolvers import LocalePrefixPattern, RoutePattern

    if isinstance(pattern, LocalePrefixPattern):
        return pattern.language_prefix
    if isinstance(pattern, RoutePattern):
        return re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", str(pattern))
    return from_regex(str(pattern), unnamed)


def from_regex(pattern, unnamed):
    """Writes a URL's regular expression as a path: groups as {name}, optional characters as if they were there."""
    import sre_constants as constants
    import sre_parse

    names = {number: name for name, number in re.compile(pattern).groupindex.items()}

    def text(items):
        out = ""
        for kind, value in items:
            if kind is constants.LITERAL:
                out += chr(value)
            elif kind is constants.SUBPATTERN:
                number, _, _, inner = value
                if number is None:
                    out += text(inner)
                elif number in names:
                    out += "{" + names[number] + "}"
                else:
                    unnamed[0] += 1
                    out += "{arg%d}" % unnamed[0]
            elif kind in (constants.MAX_REPEAT, constants.MIN_REPEAT):
                anything = list(value[2]) == [(constants.ANY, None)]
                out += (".*" if value[0] == 0 else ".+") if anything else text(value[2])
            elif kind is constants.BRANCH:
                raise Inexpressible
            elif kind is constants.ANY:
                # Meant is the dot itself, as in robots.txt.
                out += "."
            elif kind in (constants.AT, constants.ASSERT, constants.ASSERT_NOT):
                continue
            else:
                raise Inexpressible
        return out

    return text(sre_parse.parse(pattern))


def django_methods(callback):
    """Pairs of method and docstring."""
    cls = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    actions = getattr(callback, "actions", None)
    initial = getattr(callback, "initkwargs", None) or getattr(callback, "view_initkwargs", None) or {}
    if cls is not None:
        names = [name.lower() for name in initial.get("http_method_names", cls.http_method_names)]
    if cls is not None and actions is not None:
        allowed = [method for method in sorted(actions) if method in names and method not in ("head", "options")]
        return [(method.upper(), own_doc(cls, actions[method])) for method in allowed]
    if cls is not None:
        found = []
        # method_decorator copies what a decorator sets.
        allowed = getattr(cls.dispatch, "truth_methods", None)
        for method in names:
            if allowed is not None and method.upper() not in allowed:
                continue
            definer = next((base for base in cls.__mro__ if method in vars(base)), None)
            if definer is None:
                continue
            library = not ours(definer)
            if library and (method in ("options", "head", "trace") or definer.__module__.startswith("django.") and method not in ("get", "post")):
                continue
            if library and definer.__name__ == "RedirectView" and method != "get":
                continue
            found.append((method.upper(), own_doc(cls, method)))
        return found
    if isinstance(callback, Stub):
        return []
    wanted = getattr(callback, "truth_methods", None)
    if wanted is None:
        wanted = ["GET", *compared(callback)]
    return [(method, callback.__doc__ if ours(callback) else "") for method in dict.fromkeys(wanted)]


def compared(view):
    """The methods that the body of a view compares request.method with."""
    try:
        import textwrap
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(view))))
    except (OSError, TypeError, SyntaxError):
        return []
    if not ours(view) and not view.__module__.startswith("django.views."):
        return []
    names = {target.id for node in ast.walk(tree) if isinstance(node, ast.Assign) and asks_method(node.value, ()) for target in node.targets if isinstance(target, ast.Name)}
    found = []
    for node in ast.walk(tree):
        sides = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            sides = [node.subject, *(case.pattern for case in node.cases)]
        if any(asks_method(side, names) for side in sides):
            constants = [leaf.value for side in sides for leaf in ast.walk(side) if isinstance(leaf, ast.Constant)]
            found += [value.upper() for value in constants if isinstance(value, str) and value.upper() in METHODS]
    return found


def asks_method(node, names):
    """Reports whether an expression is request.method, in any case, or a name that it was given."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("lower", "upper"):
        node = node.func.value
    return isinstance(node, ast.Attribute) and node.attr == "method" or isinstance(node, ast.Name) and node.id in names


# ---------------------------------------------------------------- rows

def split(text):
    first, _, rest = inspect.cleandoc(text or "").strip().partition("\n")
    return first.strip(), rest.strip()


def row(method, path, summary, description, tags):
    return {"method": method, "path": path, "summary": summary or "", "description": description or "", "tags": [str(getattr(tag, "value", tag)) for tag in tags or []]}


def unique(rows):
    seen, kept = set(), []
    for entry in rows:
        key = entry["method"], entry["path"]
        if key not in seen:
            seen.add(key)
            kept.append(entry)
    return sorted(kept, key=lambda entry: (entry["path"], entry["method"]))


# ---------------------------------------------------------------- finding and running applications

def sources(project):
    for path in sorted(project.rglob("*.py")):
        if not NOT_ROOTS & set(path.relative_to(project).parts[:-1]):
            yield path


def guess(project):
    """The applications of a project without run.json: the best module of each framework that it imports."""
    texts = {path: path.read_text(errors="replace") for path in sources(project)}
    managers = [path for path in texts if path.name == "manage.py" and "DJANGO_SETTINGS_MODULE" in texts[path]]
    found = []
    for path in managers:
        settings = re.search(r"DJANGO_SETTINGS_MODULE['\"],\s*['\"]([\w.]+)", texts[path]).group(1)
        found.append({"framework": "django", "root": str(path.parent.relative_to(project)), "app": settings})
    if found:
        return found
    for framework, maker in (("fastapi", "FastAPI("), ("flask", "Flask(")):
        paths = [path for path, text in texts.items() if maker in text and re.search(rf"^\s*(from|import) {framework}", text, re.M)]
        serving = [path for path, text in texts.items() if path.name in ("main.py", "wsgi.py", "asgi.py", "run.py", "app.py", "manage.py", "server.py") and path not in paths and "app" in text]
        order = {"wsgi.py": 0, "asgi.py": 0, "main.py": 1, "run.py": 2, "manage.py": 3, "app.py": 4, "server.py": 5, "__init__.py": 6}
        ranked = sorted(serving + paths, key=lambda path: (order.get(path.name, 9), len(path.parts)))
        for path in ranked:
            found.append({"framework": framework, "path": str(path.relative_to(project))})
    return found


def roots_for(project, path):
    """Folders from which a file may be imported, the outermost first, as (root, module)."""
    relative = path.relative_to(project)
    for depth in range(len(relative.parts)):
        parts = list(relative.with_suffix("").parts[depth:])
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if parts and all(part.isidentifier() for part in parts):
            yield project.joinpath(*relative.parts[:depth]), ".".join(parts)


def application(module, attribute, kind):
    if attribute:
        value = getattr(module, attribute.rstrip("()"))
        return value if isinstance(value, kind) else value()
    values = vars(module)
    names = [name for name in ("app", "application", "api", *values) if isinstance(values.get(name), kind)]
    if names:
        return values[names[0]]
    for name in FACTORIES:
        if inspect.isfunction(values.get(name)):
            made = values[name]()
            return made if isinstance(made, kind) else made[0]
    raise LookupError(f"{module.__name__} has no application")


def run(project, spec):
    """Rows of one application. Runs in a process of its own: modules of another root may have the same names."""
    root = (project / spec.get("root", ".")).resolve()
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "LANG"):
            del os.environ[name]
    os.environ.update(spec.get("env", {}))
    os.chdir(root)
    sys.dont_write_bytecode = True
    sys.path[:] = [str(root)] + [entry for entry in sys.path if entry and pathlib.Path(entry) != pathlib.Path(__file__).parent]
    sys.path += [str(PACKAGES)] if PACKAGES else []
    sys.argv = ["truth"]
    sys.meta_path.insert(0, StubFinder(root, spec.get("elsewhere", ())))
    framework = spec["framework"]
    if framework == "django":
        django_setup(spec["app"])
        return django_rows()
    module_name, _, attribute = spec["app"].partition(":")
    if framework == "fastapi":
        today_fastapi()
        from fastapi import FastAPI
        return fastapi_rows(application(importlib.import_module(module_name), attribute, FastAPI))
    import flask

    keep_asked_methods(flask.Flask)
    return flask_rows(application(importlib.import_module(module_name), attribute, flask.Flask))


def keep_asked_methods(flask_class):
    """Remembers with which methods a rule was asked for: werkzeug adds HEAD by itself."""
    rule_class = flask_class.url_rule_class

    class AskedRule(rule_class):
        def __init__(self, string, methods=None, **options):
            super().__init__(string, methods=methods, **options)
            self.truth_methods = set(methods or ())

    flask_class.url_rule_class = AskedRule


def ask(project, spec):
    command = [sys.executable, __file__, str(project), "--one", json.dumps(spec)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise RuntimeError(f"{spec}:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.rpartition("\n\x1e")[2])


def ask_guess(project, spec):
    if "path" not in spec:
        return ask(project, spec)
    errors = []
    for root, module in roots_for(project, project / spec["path"]):
        try:
            folders = [str(folder) for folder, _ in roots_for(project, project / spec["path"])]
            return ask(project, {"framework": spec["framework"], "root": str(root.relative_to(project)), "app": module, "elsewhere": folders})
        except RuntimeError as error:
            errors.append(str(error))
    raise RuntimeError("\n".join(errors))


def truth(project):
    path = project.parent / "run.json"
    config = json.loads(path.read_text()) if path.is_file() else {}
    absent = [name for name in config.get("packages", []) if not PACKAGES or not (PACKAGES / name).is_dir()]
    if absent:
        print(f"needs {', '.join(absent)} in TRUTH_PACKAGES", file=sys.stderr)
        raise SystemExit(NOT_HERE)
    if "apps" in config:
        specs = config["apps"]
        rows = [entry for spec in specs for entry in ask(project, spec)]
        return {"framework": specs[0]["framework"], "endpoints": unique(rows)}
    specs, errors = guess(project), []
    for spec in specs:
        try:
            rows = ask_guess(project, spec)
        except RuntimeError as error:
            errors.append(str(error))
            continue
        return {"framework": spec["framework"], "endpoints": unique(rows)}
    raise SystemExit("\n".join(errors) or f"{project}: no application found; say it in run.json")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    project = arguments.project.resolve()
    if arguments.one:
        rows = run(project, json.loads(arguments.one))
        sys.stdout.write("\n\x1e" + json.dumps(rows))
        sys.stdout.flush()
        os._exit(0)
    text = json.dumps(truth(project), indent=1, ensure_ascii=False) + "\n"
    if arguments.output:
        arguments.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
