"""Loads what applications are made of, waits for an assignment, and stages and serves the project in a fork.

Run by the runner as: python3 -u -c <this> fork|direct MEMORY_LIMIT_MB MODULES LARGE_AFTER WARM CONTROL_FD REPORT_FD [CONTROL_FD
REPORT_FD]. CONTROL_FD is a socket to the runner that user code never sees; REPORT_FD is a pipe that the application's process
reports on, and that it closes before it serves. Both carry one JSON object a line. The second pair is of a further process,
which has loaded more; the runner gives the assignment to one of the two, and ends the other. It is made when nobody has wanted
anything for LARGE_AFTER seconds, or, when they are negative, before this one is ready. MODULES are what to preload,
comma-separated, instead of the lists in preload.py. WARM is 1 in pods that nobody waits for. In mode direct nothing is loaded
beforehand and nothing forks: it is for environments that the interpreter reads only when it starts.
"""

import gc
import os
import select
import sys

# Importing makes much that stays and little garbage. This many more objects than before are looked through all the same,
# so that a project that makes much of that does not fill its memory with it.
COLLECT_AT = 100_000


def main(mode, memory_mb, modules, large_after, warm, *descriptors):
    for fd in descriptors:
        os.set_inheritable(fd, False)
    # Without the working folder, which will be the project's: nothing of that is executed before it is to be.
    sys.path[:] = [folder for folder in sys.path if folder]
    (control, report_fd), *larger = [(Control(fd), report_fd) for fd, report_fd in zip(descriptors[::2], descriptors[1::2])]
    thresholds = gc.get_threshold()
    gc.disable()
    installed = None
    if mode == "fork":
        try:
            whole = preload(control, tuple(modules.split(",")) if modules else (), warm)
        except ImportError as error:
            control.tell(event="unusable", message=f"the image has no usable uvicorn: {describe(error)}")
            os._exit(1)
        if whole:
            installed = installed_names()
        parent = fork(control)
        if whole:
            await_end(parent)
            own_memory()
            if large_after >= 0:
                control.tell(event="ready", named=NAMED)
            if not control.waits(max(0, large_after)):
                tidy_up()
                if not modules and (memory_mb == 0 or memory_mb >= LARGE_FROM_MB):
                    control, report_fd = beside_larger(control, report_fd, *larger.pop(), warm)
            control.tell(event="ready", named=NAMED)
        for unused in larger:
            drop(*unused)
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


def beside_larger(control, report_fd, larger_control, larger_report_fd, warm):
    """Fork the process that has loaded more, and return what this one, which may be either, is to use."""
    loaded = fork_larger(larger_control, warm)
    if loaded is None:
        drop(control, report_fd)
        return larger_control, larger_report_fd
    drop(larger_control, larger_report_fd)
    select.select([control.socket, loaded], [], [])
    os.close(loaded)
    if not control.waits():
        # It has copied what it shared with this process.
        own_memory()
    return control, report_fd


def drop(control, report_fd):
    control.close()
    os.close(report_fd)


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
