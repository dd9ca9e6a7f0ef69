"""Modules that decide about endpoints and are not packaged."""
import os
import types

from .stubs import Stub, dunder


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
