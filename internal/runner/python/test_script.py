"""Tests of the pure parts of the embedded script. Run by TestPython, or: python3 -m unittest discover -s internal/runner/python"""

import asyncio
import ctypes
import importlib
import mmap
import os
import random
import socket
import sys
import tempfile
import textwrap
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
script = types.ModuleType("script")
sys.modules["script"] = script
for name in ("support.py", "courtesy.py", "project.py", "preload.py", "stage.py", "load.py", "serve.py", "main.py"):
    with open(os.path.join(HERE, name), encoding="utf-8") as source:
        exec(compile(source.read(), name, "exec"), script.__dict__)


class Project(unittest.TestCase):
    def project(self, files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path, content in files.items():
            at = os.path.join(folder.name, path)
            os.makedirs(os.path.dirname(at), exist_ok=True)
            with open(at, "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(content))
        return folder.name

    def found(self, files):
        return [(c.root, str(c)) for c in script.candidates(self.project(files))]


APP = "from fastapi import FastAPI\napp = FastAPI()\n"


class TestCandidates(Project):
    def test_usual_places(self):
        for path, want in {
            "main.py": ("", "main:app"),
            "app.py": ("", "app:app"),
            "app/main.py": ("", "app.main:app"),
            "src/main.py": ("src", "main:app"),
            "src/app/main.py": ("src", "app.main:app"),
            "backend/main.py": ("backend", "main:app"),
            "backend/app/main.py": ("backend", "app.main:app"),
            "api/main.py": ("", "api.main:app"),
            "server.py": ("", "server:app"),
            "asgi.py": ("", "asgi:app"),
            "shop/asgi.py": ("", "shop.asgi:app"),
            "app/__init__.py": ("", "app:app"),
            "some/where/else.py": ("", "some.where.else:app"),
        }.items():
            self.assertEqual([want], self.found({path: APP, "README.md": "app"}), path)

    def test_order_of_places_and_names(self):
        files = {"other.py": APP, "main.py": "from fastapi import FastAPI\nzoo = FastAPI()\napi = FastAPI()\napp = FastAPI()\n"}
        self.assertEqual(["main:app", "main:api", "main:zoo", "other:app"], [name for _, name in self.found(files)])

    def test_objects_before_factories(self):
        files = {
            "main.py": "def create_app():\n    return 1\nif __name__ == '__main__':\n    app = create_app()\n",
            "app/server.py": APP,
        }
        self.assertEqual(["app.server:app", "main:create_app()"], [name for _, name in self.found(files)])

    def test_ways_to_name_an_application(self):
        for source, want in {
            "app: FastAPI = FastAPI()": ["main:app"],
            "service = fastapi.FastAPI(title='x')": ["main:service"],
            "try:\n    app = make()\nexcept ImportError:\n    app = None": ["main:app"],
            "if DEBUG:\n    app = one()\nelse:\n    app = two()": ["main:app"],
            "from shop.web import application": ["main:application"],
            "from shop.web import web as app": ["main:app"],
            "async def app(scope, receive, send): pass": ["main:app"],
            "def application(environ, start_response): pass": ["main:application"],
            "def app(request): pass": [],
            "class App:\n    pass": [],
            "def get_app(): pass": ["main:get_app()"],
            "async def create_app(settings=None): pass": ["main:create_app()"],
            "def create_app(settings): pass": [],
            "web = create_app()": ["main:web"],
            "import typer\ncli = typer.Typer()": [],
            "print('no app here')": [],
            "app = FastAPI(": ["main:app"],
            "def broken(": [],
        }.items():
            self.assertEqual(want, [name for _, name in self.found({"main.py": source})], source)

    def test_import_root_follows_the_imports(self):
        for files, want in (
            ({"backend/main.py": "from backend.db import x\n" + APP, "backend/db.py": ""}, ("", "backend.main:app")),
            ({"backend/main.py": "from db import x\n" + APP, "backend/db.py": ""}, ("backend", "main:app")),
            ({"api/main.py": "import routes\n" + APP, "api/routes.py": ""}, ("api", "main:app")),
            ({"api/main.py": "from . import routes\n" + APP, "api/routes.py": ""}, ("", "api.main:app")),
            ({"src/shop/main.py": "from shop.db import x\n" + APP, "src/shop/db.py": ""}, ("src", "shop.main:app")),
            ({"src/main.py": "from src.db import x\n" + APP, "src/db.py": ""}, ("", "src.main:app")),
            ({"src/app/main.py": "from ..db import x\n" + APP, "src/db.py": ""}, ("", "src.app.main:app")),
            ({"app/__init__.py": "from .db import x\n" + APP, "app/db.py": ""}, ("", "app:app")),
        ):
            self.assertEqual(want, self.found(files)[0], files)

    def test_tests_and_environments_are_left_out(self):
        self.assertEqual([], self.found({"tests/main.py": APP, "test_app.py": APP, "conftest.py": APP, "env/x.py": APP, ".git/main.py": APP}))

    def test_wrapping_folder(self):
        folder = self.project({"shop-1a2b3c/main.py": APP})
        self.assertEqual(os.path.join(folder, "shop-1a2b3c"), script.project_root(folder))
        for files in ({"app/main.py": APP}, {"shop/__init__.py": ""}, {"a/x": "", "b/x": ""}, {"main.py": ""}):
            folder = self.project(files)
            self.assertEqual(folder, script.project_root(folder), files)

    def test_named(self):
        folder = self.project({"backend/app/main.py": APP, "main.py": APP, "pkg/__init__.py": APP})
        for entrypoint, want in {
            "main:app": ("", "main:app"), "app.main:app": ("backend", "app.main:app"), "pkg:create.app()": ("", "pkg:create.app()"),
        }.items():
            candidate = script.named_candidate(folder, entrypoint)
            self.assertEqual(want, (candidate.root, str(candidate)))
        self.assertIsNone(script.named_candidate(folder, "nowhere:app"))


class TestRequirements(Project):
    def test_names(self):
        for line, want in {
            "fastapi": "fastapi", "uvicorn[standard]>=0.30,<1  # server": "uvicorn", " SQLAlchemy==2.0": "SQLAlchemy",
            "x ~= 1.0": "x", "name @ https://example.org/x.whl": "name",
            "# comment": "", "": "", "-r other.txt": "", "--hash=sha256:0": "", "git+https://example.org/x": "", "./local": "",
        }.items():
            self.assertEqual(want, script.requirement_name(line), line)

    def test_lacking(self):
        folder = self.project({
            "requirements.txt": "\ufeffFastAPI\npydantic_settings\nmissing-one\nlocal-lib\nmissing-one>1\n",
            "requirements/base.txt": "missing.two\n",
            "requirements/notes.md": "missing-three\n",
            "local_lib/__init__.py": "",
            "pyproject.toml": "[project]\ndependencies = ['missing-four>=1', 'fastapi']\n",
        })
        want = ["requirements.txt names packages this image lacks: missing-one", "requirements/base.txt names packages this image lacks: missing.two"]
        if sys.version_info >= (3, 11):
            want.append("pyproject.toml names packages this image lacks: missing-four")
        self.assertEqual(want, script.lacking(folder, {"fastapi", "pydantic-settings"}))

    def test_many_and_broken(self):
        folder = self.project({"requirements.txt": "\n".join(f"missing{i}" for i in range(30)), "pyproject.toml": "not toml ["})
        self.assertTrue(script.lacking(folder, set())[0].endswith("missing19 and 10 more"))
        self.assertEqual([], script.lacking(self.project({"pyproject.toml": "project = 1"}), set()))

    def test_installed_names(self):
        folder = self.project({"Some_Thing-1.2.dist-info/METADATA": "", "other.thing-3.egg-info": "", "plain/x": ""})
        self.addCleanup(sys.path.remove, folder)
        sys.path.append(folder)
        self.assertLessEqual({"some-thing", "other-thing"}, script.installed_names())


class TestInterfaces(unittest.TestCase):
    def test_interface_of(self):
        class Framework:
            async def __call__(self, scope, receive, send):
                pass

        class Wsgi:
            def __call__(self, environ, start_response):
                pass

        class Old:
            def __init__(self, scope):
                pass

            async def __call__(self, receive, send):
                pass

        class Command:
            def __call__(self, *args, **kwargs):
                pass

        async def asgi(scope, receive, send):
            pass

        async def handler(request):
            pass

        for app, want in (
            (Framework(), "asgi3"), (asgi, "asgi3"), (lambda scope, receive, send: None, "asgi3"), (Wsgi(), "wsgi"),
            (lambda environ, start_response: None, "wsgi"), (Old, "asgi2"), (Framework, ""), (Command(), ""), (handler, ""),
            (lambda: None, ""), (5, ""), (None, ""),
        ):
            self.assertEqual(want, script.interface_of(app, False), app)
        self.assertEqual("asgi3", script.interface_of(Command(), True))

    def test_factories_and_classes_are_called(self):
        async def app(scope, receive, send):
            pass

        class Framework:
            async def __call__(self, scope, receive, send):
                pass

        async def slowly():
            return app

        def candidate(factory):
            return script.Candidate("", "main", "x", factory)

        self.assertEqual((app, "asgi3"), script.resolve(lambda: app, candidate(True), False))
        self.assertEqual((app, "asgi3"), script.resolve(lambda: app, candidate(False), True))
        self.assertEqual((app, "asgi3"), script.resolve(slowly, candidate(True), False))
        self.assertEqual("asgi3", script.resolve(Framework, candidate(False), True)[1])
        self.assertEqual("", script.resolve(lambda: 5, candidate(True), True)[1])

    def test_describe_is_one_bounded_line(self):
        self.assertEqual("ValueError: two lines", script.describe(ValueError("two\n   lines")))
        self.assertEqual("KeyboardInterrupt", script.describe(KeyboardInterrupt()))
        self.assertLess(len(script.describe(ValueError("x" * 10000))), 700)


class TestHealth(unittest.TestCase):
    def setUp(self):
        self.reached, self.sent = [], []

        async def app(scope, receive, send):
            self.reached.append((scope["type"], receive, send))
            return "answer"

        self.app = script.with_health(app, "token")

    def ask(self, **scope):
        self.reached.clear()
        self.sent.clear()

        async def send(message):
            self.sent.append((message["type"], message.get("status"), script.health_check.get()))

        result = asyncio.run(self.app(scope, "receive", send))
        self.assertFalse(self.reached and self.reached != [(scope["type"], "receive", send)])
        return result

    def test_answers_the_check_itself(self):
        self.ask(type="http", method="GET", path=script.HEALTH_PATH, headers=[(b"host", b"x"), (b"x-preview-health", b"token")])
        self.assertEqual([], self.reached)
        # What follows the start belongs to the next request on the connection already.
        self.assertEqual([("http.response.start", 204, True), ("http.response.body", None, False)], self.sent)

    def test_leaves_the_rest_to_the_application(self):
        good = [(b"x-preview-health", b"token")]
        for scope in (
            dict(type="lifespan"),
            dict(type="websocket", path=script.HEALTH_PATH, headers=good),
            dict(type="http", method="GET", path="/", headers=good),
            dict(type="http", method="GET", path=script.HEALTH_PATH + "/", headers=good),
            dict(type="http", method="POST", path=script.HEALTH_PATH, headers=good),
            dict(type="http", method="HEAD", path=script.HEALTH_PATH, headers=good),
            dict(type="http", method="GET", path=script.HEALTH_PATH, headers=[]),
            dict(type="http", method="GET", path=script.HEALTH_PATH, headers=[(b"x-preview-health", b"Token")]),
            dict(type="http", method="GET", path=script.HEALTH_PATH, headers=[(b"x-preview-health", b"\xff")]),
            dict(type="http", method="GET", path=script.HEALTH_PATH, headers=[(b"authorization", b"token")]),
        ):
            self.assertEqual("answer", self.ask(**scope), scope)
            self.assertEqual(1, len(self.reached), scope)
            self.assertEqual([], self.sent, scope)


class TestStaging(Project):
    def compiled(self, files):
        folder = self.project(files)
        for path in files:
            script.compile_source(os.path.join(folder, path))
        self.addCleanup(script.compiled.clear)
        self.addCleanup(sys.path_importer_cache.pop, folder, None)
        return folder

    def load(self, folder, name):
        self.addCleanup(sys.modules.pop, name, None)
        self.addCleanup(setattr, sys, "path", sys.path[:])
        sys.path.insert(0, folder)
        return importlib.import_module(name)

    def test_code_is_taken_from_what_was_compiled(self):
        folder = self.compiled({"staged_one.py": "value = 'old'"})
        path = os.path.join(folder, "staged_one.py")
        before, _ = script.compiled[path]
        script.compiled[path] = before, compile("value = 'compiled'", path, "exec")
        self.assertEqual("compiled", self.load(folder, "staged_one").value)
        self.assertEqual({}, script.compiled)

    def test_changed_sources_are_compiled_anew(self):
        folder = self.compiled({"staged_two.py": "value = 'old'"})
        path = os.path.join(folder, "staged_two.py")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("value = 'new'")
        os.replace(path + ".new", path)
        self.assertEqual("new", self.load(folder, "staged_two").value)

    def test_what_is_wrong_is_left_to_the_import(self):
        folder = self.compiled({
            "broken.py": "(", "nul.py": "\0", "warns.py": "value = 1 is 1", "deep.py": "(" * 5000,
            "large.py": "#" * (script.MAX_COMPILED_BYTES + 1), "fine.py": "",
        })
        self.assertEqual([os.path.join(folder, "fine.py")], list(script.compiled))
        with self.assertRaises(SyntaxError):
            self.load(folder, "broken")
        with self.assertWarns(SyntaxWarning):
            self.load(folder, "warns")

    def test_modules_that_are_not_compiled_are_found(self):
        folder = self.compiled({"fine.py": ""})
        with open(os.path.join(folder, "later.py"), "w", encoding="utf-8") as file:
            file.write("value = 'later'")
        sys.path_importer_cache[folder].invalidate_caches()
        self.assertEqual("later", self.load(folder, "later").value)

    def test_random_numbers_are_seeded_anew(self):
        self.addCleanup(random.setstate, random.getstate())
        seeded = []
        numpy = types.ModuleType("numpy")
        numpy.random = types.SimpleNamespace(seed=lambda: seeded.append(True))
        sys.modules["numpy"] = numpy
        self.addCleanup(sys.modules.pop, "numpy")
        random.seed(1)
        before = random.getstate()
        script.fresh_randomness()
        self.assertNotEqual(before, random.getstate())
        self.assertEqual([True], seeded)


class TestMemory(unittest.TestCase):
    def test_mappings(self):
        with tempfile.NamedTemporaryFile("w") as file:
            for start, access, inode, name in (
                (0x1000, "rw-p", 0, ""), (0x4000, "r--p", 0, ""), (0x8000, "rw-s", 0, ""), (0xa000, "rw-p", 7, "/lib/a name.so"), (0xc000, "rw-p", 0, "[heap]"),
            ):
                file.write(f"{start:x}-{start + 0x2000:x} {access} 00000000 00:00 {inode}    {name}\n")
            file.flush()
            self.assertEqual([(0x1000, 0x3000), (0xc000, 0xe000)], list(script.mappings(file.name)))

    def test_systems_without_the_file(self):
        self.assertEqual([], list(script.mappings("/nonexistent")))

    def test_only_what_is_in_memory_is_taken_over(self):
        page = mmap.PAGESIZE
        with mmap.mmap(-1, 8 * page, flags=mmap.MAP_PRIVATE) as memory:
            for number in (1, 2, 5):
                memory[number * page] = 1
            start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            parts = [((first - start) // page, (last - start) // page) for first, last in script.resident(start, start + 8 * page)]
            self.assertEqual([(1, 3), (5, 6)], parts)
            self.assertTrue([s for s, e in script.mappings("/proc/self/maps") if s <= start < e])
            script.own_memory()
            self.assertEqual(parts, [((first - start) // page, (last - start) // page) for first, last in script.resident(start, start + 8 * page)])


class TestControl(unittest.TestCase):
    def test_lines_that_arrive_together_or_in_pieces(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        control = script.Control(theirs.detach())
        self.addCleanup(control.close)
        self.assertFalse(control.waits())
        ours.sendall(b'{"a": 1}\n{"b": 2}\n{"c"')
        self.assertEqual({"a": 1}, control.receive())
        self.assertTrue(control.waits())
        self.assertEqual({"b": 2}, control.receive())
        ours.sendall(b': 3}\n')
        self.assertEqual({"c": 3}, control.receive())
        self.assertFalse(control.waits())


class TestShadowing(Project):
    def test_projects_win_over_preloaded_modules(self):
        folder = self.project({"preloaded_one.py": "", "preloaded_two/__init__.py": "", "preloaded_three/x": "", "native.py": ""})
        names = ("preloaded_one", "preloaded_two", "preloaded_two.sub", "preloaded_three", "native")
        for name in names:
            sys.modules[name] = types.ModuleType(name)
            self.addCleanup(sys.modules.pop, name, None)
        script.preloaded.update(n for n in names if n != "native")
        self.addCleanup(script.preloaded.clear)
        script.forget_shadowed(folder)
        self.assertEqual(["preloaded_three", "native"], [n for n in names if n in sys.modules])


if __name__ == "__main__":
    unittest.main()
