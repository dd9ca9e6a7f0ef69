"""The rows of a truth."""
import inspect

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")


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


def own_doc(cls, handler):
    """The docstring of a class's method, else the class's, where the project wrote it."""
    function = getattr(cls, handler, None)
    text = getattr(function, "__doc__", None) if function is not None and ours(function) else None
    return text or (cls.__doc__ if ours(cls) else None) or ""


def ours(thing):
    """Reports whether the project defines it, and no library."""
    top = (getattr(inspect.unwrap(thing) if callable(thing) else thing, "__module__", "") or "").partition(".")[0]
    return top not in {"django", "rest_framework", "flask", "flask_restful", "flask_restx", "fastapi", "starlette", "rest_framework_simplejwt", "drf_spectacular", "functools"}
