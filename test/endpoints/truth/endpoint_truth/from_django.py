"""The routes of a Django site."""
import ast
import importlib
import inspect
import os
import re

from .rows import METHODS, ours, own_doc, row, split
from .stubs import Stub, StubModule


def ninja_rows(callback, path):
    """What Django Ninja's own document says of a path; its pages (docs, openapi.json) are left out."""
    view = getattr(inspect.unwrap(callback), "__self__", None)
    operations = [operation for operation in getattr(view, "operations", ()) if operation.include_in_schema]
    return [row(method, path, operation.summary, operation.description, operation.tags) for operation in operations for method in operation.methods]


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
