"""Loads what applications are made of, waits for an assignment, and stages and serves the project in a fork.

Run by the runner as: python3 -u -c <this> fork|direct CONTROL_FD REPORT_FD MEMORY_LIMIT_MB MODULES. CONTROL_FD is a socket to
the runner that user code never sees; REPORT_FD is a pipe that the application's process reports on, and that it closes
before it serves. Both carry one JSON object a line. MODULES are what to preload, comma-separated, instead of the list in
preload.py. In mode direct nothing is loaded beforehand and nothing forks: it is for environments that the interpreter
reads only when it starts.
"""

import gc
import os
import sys

# Importing makes much that stays and little garbage. This many more objects than before are looked through all the same,
# so that a project that makes much of that does not fill its memory with it.
COLLECT_AT = 100_000


def main(mode, control_fd, report_fd, memory_mb, modules):
    for fd in (control_fd, report_fd):
        os.set_inheritable(fd, False)
    # Without the working folder, which will be the project's: nothing of that is executed before it is to be.
    sys.path[:] = [folder for folder in sys.path if folder]
    control = Control(control_fd)
    thresholds = gc.get_threshold()
    gc.disable()
    installed = None
    if mode == "fork":
        try:
            whole = preload(control, memory_mb, tuple(modules.split(",")) if modules else ())
        except ImportError as error:
            control.tell(event="unusable", message=f"the image has no usable uvicorn: {describe(error)}")
            os._exit(1)
        if whole:
            installed = installed_names()
        parent = fork(control, whole)
        if whole:
            own_memory(parent)
            control.tell(event="ready")
    report = Report(report_fd)
    try:
        staged = Staged(control.receive(), installed)
        report(event="staged")
        staged.compile(control)
        control.receive()
        control.close()
        run(staged, report, thresholds)
    except Failure as failure:
        if failure.__cause__ is not None:
            print_traceback(failure.__cause__)
        say(f"ERROR: the application did not start: {failure}")
        fail(report, failure.reason, str(failure), 1)
    except SystemExit as end:
        if report.fd is None:
            raise
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        message = f"the application exited while it started: {describe(end)}"
        say(f"ERROR: {message}")
        fail(report, "AppExited", message, code & 0xFF)


def run(staged, report, thresholds):
    """Everything from here on may execute the project."""
    gc.set_threshold(COLLECT_AT, *thresholds[1:])
    gc.enable()
    name, app, interface = load(staged)
    report(event="imported", entrypoint=name)
    # What was imported stays, too.
    gc.freeze()
    gc.set_threshold(*thresholds)
    run_server(app, interface, staged, report)
