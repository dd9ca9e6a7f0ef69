"""Modules that are not installed: every attribute is there, and every call gives another one."""
import importlib.abc
import importlib.machinery
import os
import pathlib
import sys
import types


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

    def __init__(self, root, shims, elsewhere=()):
        """shims: what is done to a stub, by its name. elsewhere: folders that could have been the root, too. What only they
        have is missing, and no stub."""
        self.shims = shims
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
        shim = self.shims.get(spec.name)
        if shim:
            shim(module)
        return module

    def exec_module(self, module):
        pass
