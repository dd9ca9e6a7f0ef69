"""Tests of the courtesy of the embedded script. Run by TestPython."""

import importlib
import sys
import tempfile
import unittest

from test_script import script


class Control:
    """A runner that says something after so many pauses; a pause takes as long on the clock as was asked for."""

    def __init__(self, speaks_after=None):
        self.time, self.pauses, self.speaks_after = 0.0, 0, speaks_after

    def now(self):
        return self.time

    def waits(self, seconds):
        self.time += seconds
        self.pauses += 1
        return self.pauses == self.speaks_after


class Delayed(script.Courtesy):
    """Waits for a processor for a share of the time."""

    share = 1.0

    def has_waited(self):
        return self.share * self.control.time


def courtesy(control, share=1.0, warm=1):
    made = Delayed(control, warm, control.now)
    made.share = share
    return made


class TestCourtesy(unittest.TestCase):
    def entered(self, made):
        self.addCleanup(made.__exit__)
        return made.__enter__()

    def test_it_makes_way_for_a_bounded_time(self):
        control = Control()
        made = self.entered(courtesy(control))
        for _ in range(3):
            control.time += script.LOOK_SECONDS
            made.find_spec("a")
        self.assertEqual(round(script.COURTESY_SECONDS / script.PAUSE_SECONDS), control.pauses)

    def test_it_goes_on_when_it_need_not_wait_any_more(self):
        control = Control()
        made = self.entered(courtesy(control))
        control.time += script.LOOK_SECONDS

        def has_waited():
            return min(control.time, script.LOOK_SECONDS + 2.1 * script.PAUSE_SECONDS)

        made.has_waited = has_waited
        made.find_spec("a")
        self.assertEqual(3, control.pauses)

    def test_it_does_not_wait_for_little(self):
        for time, share in ((script.LOOK_SECONDS, 0.9 * script.CONTENDED), (0.9 * script.LOOK_SECONDS, 1)):
            control = Control()
            made = self.entered(courtesy(control, share))
            control.time += time
            made.find_spec("a")
            self.assertEqual(0, control.pauses, (time, share))

    def test_it_ends_when_somebody_wants_the_pod(self):
        control = Control(speaks_after=2)
        made = self.entered(courtesy(control))
        for _ in range(3):
            control.time += script.LOOK_SECONDS
            made.find_spec("a")
        self.assertEqual(2, control.pauses)

    def test_imports_ask_it(self):
        sys.modules.pop("this_does_not_exist", None)
        control = Control()
        with courtesy(control) as made:
            self.assertIs(made, sys.meta_path[0])
            control.time += script.LOOK_SECONDS
            with self.assertRaises(ModuleNotFoundError):
                importlib.import_module("this_does_not_exist")
            self.assertNotEqual(0, control.pauses)
        self.assertNotIn(made, sys.meta_path)

    def test_it_reads_how_long_the_kernel_let_it_wait(self):
        with tempfile.TemporaryFile() as schedstat:
            schedstat.write(b"7000000000 2500000000 11\n")
            schedstat.flush()
            made = script.Courtesy(Control(), warm=1)
            made.source = schedstat.fileno()
            self.assertEqual(2.5, made.has_waited())

    def test_nothing_happens_in_pods_that_are_not_warm(self):
        before = list(sys.meta_path)
        with courtesy(Control(), warm=0):
            self.assertEqual(before, sys.meta_path)
        self.assertEqual(before, sys.meta_path)


if __name__ == "__main__":
    unittest.main()
