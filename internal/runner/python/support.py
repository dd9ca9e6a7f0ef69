"""What every part of the embedded script uses: words to the runner and to the user, and failures of a start.

Part of the runner's one embedded script (see embed.go).
"""

import importlib
import json
import os
import select
import socket
import sys
import traceback

MAX_MESSAGE = 900
CONTROL_LINE_BYTES = 4 << 20
# Traceback frames above the project's own say nothing to its author.
OWN_FRAMES = ("<string>", "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")


class Failure(Exception):
    """Ends the start of an application with a reason of the runner's protocol."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def say(line):
    print(f"preview: {line}", file=sys.stderr, flush=True)


def tell(fd, **event):
    os.write(fd, json.dumps(event).encode() + b"\n")


class Control:
    """The connection to the runner, which nothing of a project ever sees. It ends the process when the runner hangs up:
    the runner is gone, or needs this interpreter no more."""

    def __init__(self, fd):
        self.socket, self.pending = socket.socket(fileno=fd), b""

    def tell(self, **event):
        try:
            tell(self.socket.fileno(), **event)
        except BrokenPipeError:
            os._exit(0)

    def waits(self, seconds=0):
        """Whether the runner has said something that was not received yet."""
        return bool(self.pending) or bool(select.select([self.socket], [], [], seconds)[0])

    def receive(self):
        while b"\n" not in self.pending:
            piece = self.socket.recv(1 << 16)
            if not piece or len(self.pending) > CONTROL_LINE_BYTES:
                os._exit(0)
            self.pending += piece
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def close(self):
        self.socket.close()


class Report:
    """The pipe to the runner, up to the moment the application serves."""

    def __init__(self, fd):
        self.fd = fd

    def __call__(self, **event):
        if self.fd is None:
            return
        try:
            tell(self.fd, **event)
        except OSError:
            # The project wrote rubbish to the pipe, and the runner stopped reading. It will hear of the exit.
            pass

    def close(self):
        os.close(self.fd)
        self.fd = None


def fail(report, reason, message, code):
    report(event="failed", reason=reason, message=message[:MAX_MESSAGE])
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that the project started must not keep the process.
    os._exit(code)


def describe(error, folder=None):
    """One line: type, message, and the place in the project where it happened."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    text = " ".join(str(error).split())
    if folder:
        text = text.replace(folder + "/", "")
    text = text[:600]
    line = f"{name}: {text}" if text else name
    if folder and not isinstance(error, SyntaxError):
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(folder + "/")]
        if frames:
            line += f" ({os.path.relpath(frames[-1].filename, folder)}, line {frames[-1].lineno})"
    return line


def print_traceback(error):
    tb = error.__traceback__
    while tb and (tb.tb_frame.f_code.co_filename in OWN_FRAMES or tb.tb_frame.f_code.co_filename == importlib.__file__):
        tb = tb.tb_next
    traceback.print_exception(type(error), error, tb)
    sys.stderr.flush()
