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
import importlib
import inspect
import json
import os
import pathlib
import re
import runpy
import subprocess
import sys

from endpoint_truth.from_django import django_rows, django_setup
from endpoint_truth.from_fastapi import fastapi_rows, today_fastapi
from endpoint_truth.from_flask import flask_rows, keep_asked_methods
from endpoint_truth.rows import unique
from endpoint_truth.shims import SHIMS
from endpoint_truth.stubs import PACKAGES, StubFinder

NOT_ROOTS = {"tests", "test", "docs", "examples", "node_modules", "venv", ".venv", "migrations", "__pycache__"}
FACTORIES = ("create_app", "make_app", "get_app", "create_application", "get_application", "build_app", "init_app", "app_factory", "application_factory")
SECONDS = 120
# NOT_HERE is the exit status when a project needs packages that Debian does not have.
NOT_HERE = 3


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
    found = instance(values, kind)
    if found:
        return found
    for name in FACTORIES:
        if inspect.isfunction(values.get(name)):
            made = values[name]()
            return made if isinstance(made, kind) else made[0]
    found = instance(runpy.run_module(module.__name__, run_name="__main__"), kind)
    if found:
        return found
    raise LookupError(f"{module.__name__} has no application")


def instance(values, kind):
    names = [name for name in ("app", "application", "api", *values) if isinstance(values.get(name), kind)]
    return values[names[0]] if names else None


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
    sys.meta_path.insert(0, StubFinder(root, SHIMS, spec.get("elsewhere", ())))
    framework = spec["framework"]
    if framework == "django":
        django_setup(spec["app"])
        return django_rows()
    module_name, _, attribute = spec["app"].partition(":")
    import flask

    # Modules that are run as scripts start it.
    flask.Flask.run = lambda *args, **kwargs: None
    if framework == "fastapi":
        today_fastapi()
        from fastapi import FastAPI
        return fastapi_rows(application(importlib.import_module(module_name), attribute, FastAPI))
    keep_asked_methods(flask.Flask)
    return flask_rows(application(importlib.import_module(module_name), attribute, flask.Flask))


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
