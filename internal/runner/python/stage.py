"""Does everything for a project that executes nothing of it, up to the point where it only has to be run.

Part of the runner's one embedded script (see embed.go).
"""

import errno
import importlib.machinery
import itertools
import os
import random
import socket
import sys
import time
import types
import warnings

# What is compiled beforehand: bytes of one file.
MAX_COMPILED_BYTES = 256 << 10

# Path to stamp and code of the sources that were compiled and not imported yet.
compiled = {}


class Staged:
    """A project that can be run: candidates for its application, and what they are served on."""

    def __init__(self, command, installed):
        os.setsid()
        fresh_randomness()
        os.environ.update(command["env"])
        if "TZ" in command["env"]:
            time.tzset()
        self.command = command
        self.folder = project_root(command["folder"])
        self.missing = lacking(self.folder, installed_names() if installed is None else installed)
        for line in self.missing:
            say(f"WARNING: {line}")
        os.chdir(self.folder)
        sys.modules["__main__"] = types.ModuleType("__main__")
        # The workspace is memory, and the project is imported once.
        sys.dont_write_bytecode = True
        self.entrypoint = command.get("entrypoint", "")
        self.candidates = self.find()
        self.sockets = bind(command["port"])
        # Before the project is imported, as uvicorn does it: how the project sets up its logs has the last word.
        self.config = server_config(command["stopSeconds"])

    def find(self):
        """Look for the first candidate now; the others are looked for when that is none."""
        if self.entrypoint:
            candidate = named_candidate(self.folder, self.entrypoint)
            if candidate is None:
                module = self.entrypoint.partition(":")[0]
                raise Failure("EntrypointNotFound", f"entrypoint {self.entrypoint}: the project has no module {module}")
            return iter([candidate])
        return prefetched(candidates(self.folder))

    def compile(self, control):
        """Compile sources until the runner has something to say."""
        for path in python_files(self.folder):
            if control.waits():
                return
            compile_source(os.path.join(self.folder, path))


def prefetched(values):
    """The same values, the first of which is there already."""
    first = list(itertools.islice(values, 1))
    return itertools.chain(first, values)


def fresh_randomness():
    """Share no random numbers with other forks of the same interpreter. What comes from the system never is, OpenSSL seeds
    itself anew in every process, and the seed of hashes is this interpreter's, of which there is one fork."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def stamp(path):
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino


def compile_source(path):
    """Keep the code of a source, and have imports from its folder look for it. What is wrong with it is left to its import."""
    try:
        before = stamp(path)
        with open(path, "rb") as file:
            text = file.read(MAX_COMPILED_BYTES + 1)
        if len(text) > MAX_COMPILED_BYTES:
            return
        with warnings.catch_warnings(record=True) as told:
            code = compile(text, path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if told:
        return
    compiled[path] = before, code
    folder = os.path.dirname(path)
    if not isinstance(sys.path_importer_cache.get(folder), ProjectFinder):
        sys.path_importer_cache[folder] = ProjectFinder(folder, *LOADERS)


class ProjectFinder(importlib.machinery.FileFinder):
    """Finds modules of the project as its base class does."""


class ProjectLoader(importlib.machinery.SourceFileLoader):
    """Loads modules from their sources, and does not compile one again that has not changed since."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        before, code = compiled.pop(path, (None, None))
        if before is not None and before == stamp(path):
            return code
        return super().get_code(fullname)


LOADERS = (
    (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
    (ProjectLoader, importlib.machinery.SOURCE_SUFFIXES),
    (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
)


def bind(port):
    """Bind all addresses, a socket for each family: one for both would show IPv4 clients as IPv6 addresses.

    Nothing listens on them yet, so that connections are refused.
    """
    sockets = []
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            listener = socket.socket(family)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                continue
            raise cannot_bind(port, error) from error
        sockets.append(listener)
    return sockets


def cannot_bind(port, error):
    return Failure("StartupFailed", f"port {port} cannot be bound: {error.strerror}")
