"""Looks at a project without running it: which application it holds, and what it needs that is not installed.

Part of the runner's one embedded script (see embed.go); it must not import anything beyond the standard library.
"""

import ast
import os
import re
import sys

# Where applications usually are, best first. {} stands for any folder of the project's root.
USUAL_FILES = (
    "main.py", "app.py", "app/main.py", "src/main.py", "src/app/main.py", "src/app.py", "app/app.py",
    "app/__init__.py", "backend/main.py", "backend/app/main.py", "backend/app.py", "backend/src/main.py",
    "api/main.py", "server/main.py", "server/app/main.py", "server.py", "asgi.py", "wsgi.py", "application.py",
    "api.py", "api/app.py", "api/index.py", "index.py", "run.py", "{}/asgi.py", "{}/wsgi.py", "{}/main.py",
    "{}/app.py", "{}/server.py", "{}/app/main.py", "{}/src/main.py", "{}/__init__.py",
)
USUAL_NAMES = ("app", "application", "api", "asgi_app", "asgi", "wsgi_app", "wsgi", "server")
FACTORIES = ("create_app", "get_app", "make_app", "app_factory", "build_app", "create_application", "get_application")
CONSTRUCTORS = frozenset((
    "FastAPI", "Starlette", "Flask", "Quart", "Litestar", "Sanic", "Bottle", "ASGIApp", "APIFlask", "Connexion",
    "get_asgi_application", "get_wsgi_application", "ASGIMiddleware", "WSGIMiddleware",
) + FACTORIES)

# Folders that hold no application, or somebody else's.
LEFT_OUT = frozenset(("tests", "test", "venv", "env", "node_modules", "migrations", "alembic", "site-packages"))

# What discovery may read of a project: files, and bytes of each.
MAX_FILES = 400
MAX_SOURCE_BYTES = 1 << 20


class Candidate:
    """A name in a module that may be an application."""

    def __init__(self, root, module, attr, factory):
        self.root, self.module, self.attr, self.factory = root, module, attr, factory

    def __str__(self):
        return f"{self.module}:{self.attr}{'()' if self.factory else ''}"


def project_root(folder):
    """Step into the single folder that archives of repositories wrap a project in."""
    entries = [e for e in os.scandir(folder) if not e.name.startswith(".")]
    if len(entries) != 1 or not entries[0].is_dir():
        return folder
    inner = entries[0]
    if any(path.split("/")[0] == inner.name and os.path.exists(os.path.join(folder, path)) for path in USUAL_FILES):
        return folder
    return folder if os.path.exists(os.path.join(inner.path, "__init__.py")) else inner.path


def top_folders(folder):
    return sorted(e.name for e in os.scandir(folder) if e.is_dir() and e.name.isidentifier() and e.name not in LEFT_OUT)


def python_files(folder):
    """List the project's Python files, relative, the usual places first."""
    tops = top_folders(folder)
    usual = [p for pattern in USUAL_FILES for p in ([pattern.replace("{}", t) for t in tops] if "{}" in pattern else [pattern])]
    found = [p for p in dict.fromkeys(usual) if os.path.isfile(os.path.join(folder, p))]
    others = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f.isidentifier() and f not in LEFT_OUT)
        for name in sorted(names):
            if name.endswith(".py") and name[:-3].isidentifier() and not name.startswith("test_") and name != "conftest.py":
                others.append(os.path.relpath(os.path.join(path, name), folder))
        if len(others) >= MAX_FILES:
            break
    others.sort(key=lambda p: (p.count("/"), p))
    return list(dict.fromkeys(found + others))[:MAX_FILES]


class Source:
    """What a look at one file's source told."""

    def __init__(self, folder, path):
        self.path = path
        self.objects, self.factories = [], []
        self.imports, self.level = set(), 0
        with open(os.path.join(folder, path), "rb") as file:
            text = file.read(MAX_SOURCE_BYTES)
        # Parsing is the dear part; most files never mention any of this.
        if not re.search(rb"\b(app|application|api|FastAPI|Flask|Starlette|wsgi|asgi|create_|get_|make_|build_)", text):
            return
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            # Importing it says what is wrong; so does this project's user want to know.
            if re.search(rb"(?m)^\s*(app|application|api)\s*=|\bFastAPI\(", text):
                self.objects.append("app")
            return
        self._statements(tree.body)
        self._imports(tree)

    def _statements(self, body):
        for node in body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        self._name(target.id, _called(node.value) in CONSTRUCTORS)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                required = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
                if node.name in FACTORIES and required == 0:
                    self.factories.append(node.name)
                elif node.name in USUAL_NAMES and required in (2, 3):
                    self._name(node.name, False)
            elif isinstance(node, ast.ClassDef):
                self._name(node.name, False)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._name(alias.asname or alias.name, False)
            elif isinstance(node, ast.If) and not _is_main_guard(node.test):
                self._statements(node.body + node.orelse)
            elif isinstance(node, (ast.Try, ast.With)):
                self._statements(node.body)

    def _name(self, name, certain):
        if (certain or name in USUAL_NAMES) and name not in self.objects:
            self.objects.append(name)
            rank = {n: i for i, n in enumerate(USUAL_NAMES)}
            self.objects.sort(key=lambda n: rank.get(n, len(rank)))

    def _imports(self, tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self.imports.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                self.level = max(self.level, node.level)
                if not node.level and node.module:
                    self.imports.add(node.module.split(".")[0])


def _called(value):
    while isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call):
        return ""
    return getattr(value.func, "attr", getattr(value.func, "id", ""))


def _is_main_guard(test):
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(test))


def _exists(folder, name):
    path = os.path.join(folder, name)
    return os.path.isfile(path + ".py") or os.path.isdir(path)


def import_root(folder, source):
    """Choose the folder that a file's imports count from: the one in which most of them are found."""
    parents = source.path.split("/")[:-1]
    # A relative import of level n needs n packages around the module, and __init__.py names its own.
    above = max(source.level, 1) if source.path.endswith("/__init__.py") else source.level
    roots = ["/".join(parents[:depth]) for depth in range(max(len(parents) - above, 0) + 1)]

    def score(root):
        at = os.path.join(folder, root)
        hits = sum(_exists(at, name) for name in source.imports if name not in sys.stdlib_module_names)
        # Between equals: src is a place for sources and no package, and so is a folder without __init__.py that holds
        # packages; otherwise the project's root.
        wrapper = root in ("src", "backend", "server") and not os.path.exists(os.path.join(at, "__init__.py"))
        return hits, wrapper, -root.count("/") - bool(root)

    return max(roots, key=score)


def module_name(path, root):
    relative = path[len(root) + 1:] if root else path
    parts = relative[:-3].split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def candidates(folder):
    """Yield candidates, best first: objects before factories, usual places before others."""
    factories = []
    for path in python_files(folder):
        source = Source(folder, path)
        if not source.objects and not source.factories:
            continue
        root = import_root(folder, source)
        module = module_name(path, root)
        for name in source.objects:
            yield Candidate(root, module, name, False)
        factories.extend(Candidate(root, module, name, True) for name in source.factories)
    yield from factories


def named_candidate(folder, entrypoint):
    """Resolve module:attr or module:factory() to a candidate; None if no folder of the project has the module."""
    module, _, attr = entrypoint.partition(":")
    factory = attr.endswith("()")
    relative = module.replace(".", "/")
    for root in ["", "src", "backend"] + top_folders(folder):
        at = os.path.join(folder, root, relative)
        if os.path.isfile(at + ".py") or os.path.isdir(at):
            return Candidate(root, module, attr[:-2] if factory else attr, factory)
    return None


def installed_names():
    """Names of the installed distributions, normalised as PyPA does."""
    names = set()
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            if entry.endswith((".dist-info", ".egg-info")):
                names.add(normalise(entry.rsplit(".", 1)[0].split("-")[0]))
    return names


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*([^;#]*)(;[^#]*)?")


def _applies(marker):
    """Judge an environment marker by packaging, when the image has it; without it every requirement applies."""
    try:
        from packaging.markers import InvalidMarker, Marker
    except ImportError:
        return True
    try:
        return Marker(marker).evaluate()
    except InvalidMarker:
        return True


def requirement_name(line):
    if line.lstrip().startswith(("-", "#", "git+", "http:", "https:", ".", "/")):
        return ""
    match = _REQUIREMENT.match(line)
    if not match or (match.group(4) and not _applies(match.group(4)[1:].strip())):
        return ""
    return match.group(1)


def requirements(folder):
    """Yield (file, names) of requirements.txt, requirements/*.txt and pyproject.toml, where they are."""
    files = ["requirements.txt"]
    try:
        files += sorted(f"requirements/{n}" for n in os.listdir(os.path.join(folder, "requirements")) if n.endswith(".txt"))
    except OSError:
        pass
    for path in files[:16]:
        try:
            with open(os.path.join(folder, path), encoding="utf-8-sig", errors="replace") as file:
                lines = file.read(MAX_SOURCE_BYTES).splitlines()[:1000]
        except OSError:
            continue
        yield path, [name for name in map(requirement_name, lines) if name]
    yield from pyproject(os.path.join(folder, "pyproject.toml"))


def pyproject(path):
    try:
        with open(path, "rb") as file:
            # Not before Python 3.11.
            import tomllib
            lines = tomllib.load(file).get("project", {}).get("dependencies", [])
        yield "pyproject.toml", [n for n in (requirement_name(line) for line in lines[:1000] if isinstance(line, str)) if n]
    except (ImportError, OSError, ValueError, AttributeError, TypeError):
        # No such file, or not one that tells dependencies.
        pass


def lacking(folder, installed):
    """Say, a line each file, which packages the project names and neither image nor project has."""
    lines = []
    for path, names in requirements(folder):
        missing = [
            n for n in dict.fromkeys(names)
            if normalise(n) not in installed and not _exists(folder, re.sub(r"[-.]", "_", n))
        ]
        if missing:
            more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
            lines.append(f"{path} names packages this image lacks: {', '.join(missing[:20])}{more}")
    return lines
