"""Makes way for others while nobody waits for what is loaded.

Part of the runner's one embedded script (see embed.go).
"""

import os
import sys
import time

# How much of the time since it last looked a process may have waited for a processor before it takes others to need it,
# and how long it leaves it to them then, again and again, but for no longer than COURTESY_SECONDS in all: a start takes that
# long anyway, and less than half of it was ever seen to be used.
CONTENDED = 0.25
LOOK_SECONDS = 0.006
PAUSE_SECONDS = 0.01
COURTESY_SECONDS = 0.5


class Courtesy:
    """Has the imports in its context wait for a moment when they compete for the processors, with a launch perhaps: all pods
    have the same weight, and those that start would take from the one that somebody waits for.

    It is a finder that finds nothing. The import system asks it before each module, a few hundred times in all. It does nothing
    in pods that are not warm, and where the kernel does not tell how long a process has waited.
    """

    def __init__(self, control, warm, now=time.perf_counter):
        self.control, self.left, self.now = control, COURTESY_SECONDS if warm else 0, now
        self.source = None

    def __enter__(self):
        try:
            self.source = os.open("/proc/self/schedstat", os.O_RDONLY) if self.left > 0 else None
        except OSError:
            return self
        if self.source is not None:
            self.at, self.waited = self.now(), self.has_waited()
            sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_):
        if self.source is not None:
            sys.meta_path.remove(self)
            os.close(self.source)
            self.source = None

    def has_waited(self):
        """For how many seconds this process was ready to run and did not."""
        return int(os.pread(self.source, 64, 0).split()[1]) / 1e9

    def find_spec(self, *_):
        while self.left > 0 and self.is_contended():
            if self.control.waits(PAUSE_SECONDS):
                # Now there is somebody.
                self.left = 0
            self.left -= self.now() - self.at

    def is_contended(self):
        now = self.now()
        if now - self.at < LOOK_SECONDS:
            return False
        waited = self.has_waited()
        contended = waited - self.waited >= CONTENDED * (now - self.at)
        self.at, self.waited = now, waited
        return contended
