"""Imports a project's application and finds out how it is called.

Part of the runner's one embedded script (see embed.go).
"""

import importlib
import inspect
import os
import sys
import types


def load(staged):
    """Import the application: its name, the object, and the interface it has."""
    folder, entrypoint = staged.folder, staged.entrypoint
    captured = capture_run()
    tried = []
    for candidate in staged.candidates:
        module = import_module(folder, candidate, staged.missing)
        app = getattr_path(module, candidate.attr)
        if app is None and captured:
            app = captured[-1]
        app, interface = resolve(app, candidate, bool(entrypoint))
        if interface:
            return str(candidate), app, interface
        tried.append(str(candidate))
        if entrypoint:
            what = "is missing" if app is None else f"is a {type(app).__name__}, not an ASGI or WSGI application"
            raise Failure("EntrypointNotFound", f"entrypoint {entrypoint}: {candidate.attr} {what}")
    raise Failure("EntrypointNotFound", not_found(folder, tried))


def not_found(folder, tried):
    if tried:
        return f"no application was found; these are none: {', '.join(tried[:8])}. Name it as entrypoint, module:attribute"
    files = python_files(folder)
    if not files:
        return "the project has no Python files"
    return f"no application was found in {', '.join(files[:8])}{' …' if len(files) > 8 else ''}. Name it as entrypoint, module:attribute"


def capture_run():
    """Keep a module that calls uvicorn.run() without a guard from serving by itself, on a port of its own."""
    import uvicorn

    captured = []

    def run(app, *args, **kwargs):
        if not isinstance(app, str):
            captured.append(app)

    uvicorn.run = run
    return captured


def import_module(folder, candidate, missing):
    root = os.path.join(folder, candidate.root) if candidate.root else folder
    if candidate.root and candidate.root != "src":
        os.chdir(root)
    sys.path[:] = list(dict.fromkeys([root, folder] + [p for p in sys.path if p]))
    forget_shadowed(root)
    try:
        return importlib.import_module(candidate.module)
    except Exception as error:
        message = describe(error, folder)
        if isinstance(error, ModuleNotFoundError) and missing:
            message = f"{message}; {'; '.join(missing)}"
        raise Failure("ImportError", message) from error


def forget_shadowed(root):
    """Let the project's own modules win over preloaded ones, as they would had nothing been preloaded."""
    for entry in os.listdir(root):
        name = entry[:-3] if entry.endswith(".py") else entry
        if name not in preloaded:
            continue
        if entry.endswith(".py") or os.path.exists(os.path.join(root, entry, "__init__.py")):
            for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
                del sys.modules[loaded]


def getattr_path(module, path):
    value = module
    for attr in path.split("."):
        value = getattr(value, attr, None)
    return None if isinstance(value, types.ModuleType) else value


def resolve(app, candidate, explicit):
    """Call factories and classes, and find the interface of what comes out: asgi3, asgi2, wsgi or none."""
    interface = "" if candidate.factory else interface_of(app, explicit)
    for _ in range(2):
        if interface or not callable(app) or not (candidate.factory or takes_nothing(app)):
            break
        try:
            app = app()
            if inspect.iscoroutine(app):
                import asyncio
                app = asyncio.run(app)
        except Exception as error:
            raise Failure("StartupFailed", f"{candidate}: {describe(error)}") from error
        interface = interface_of(app, explicit)
        if candidate.factory:
            break
    return app, interface


def takes_nothing(call):
    try:
        inspect.signature(call).bind()
    except (TypeError, ValueError):
        return False
    return True


def interface_of(app, explicit):
    if app is None or not callable(app):
        return ""
    call = app
    if inspect.isclass(app):
        # Called with the scope it makes an instance that serves one connection, as frameworks of old did.
        if hasattr(app, "__await__"):
            return "asgi3"
    elif not inspect.isroutine(app):
        call = type(app).__call__.__get__(app)
    if not inspect.isclass(app) and inspect.iscoroutinefunction(call):
        return "asgi3" if positionals(call) in (3, None) else ""
    count = positionals(call)
    if inspect.isclass(app):
        return "asgi2" if count == 1 and hasattr(app, "__call__") and positionals(app.__call__) == 3 else ""
    return {1: "asgi2" if explicit else "", 2: "wsgi", 3: "asgi3", None: "asgi3" if explicit else ""}.get(count, "")


def positionals(call):
    """Count the positional parameters without a default; None when any number is taken."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in parameters)
