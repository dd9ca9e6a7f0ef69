package runner_test

import (
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/runner"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

func TestLargeModulesAreLoadedForProjectsThatNameThem(t *testing.T) {
	for name, test := range map[string]struct {
		source, want string
	}{
		"from":      {"from aiosqlite import nothing", "True"},
		"import":    {"  import  aiosqlite as db", "True"},
		"submodule": {"import sqlalchemy.orm", "True"},
		"no":        {"import json", "False"},
		"comment":   {"# import aiosqlite", "False"},
		"text":      {"name = 'aiosqlite'", "False"},
		"longer":    {"import aiosqlite3", "False"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPodWith(t, func(o *runner.Options) { o.LargeAfter = -1 })
			p.preloaded()
			files := map[string]string{"main.py": asgi("loaded = 'aiosqlite' in sys.modules", "loaded"), "pkg/unused.py": "import os\n" + test.source + "\n"}
			if result := p.run(p.stage(files)); result.State != runnerapi.StateServing || result.Interpreter != runnerapi.InterpreterForked {
				t.Fatalf("got %+v", result)
			}
			if body := p.get("/"); body != test.want {
				t.Errorf("loaded is %s, want %s", body, test.want)
			}
			support.Eventually(t, "the other interpreter is gone", func() bool { return len(children(t, p.cmd.Process.Pid)) == 1 })
		})
	}
}

// Nothing of the larger interpreter is left in a pod that got its code before that was loaded.
func TestTheLargerInterpreterEndsWhenItIsNotWaitedFor(t *testing.T) {
	p := startPodWith(t, func(o *runner.Options) { o.LargeAfter = -1 })
	if result := p.assign(map[string]string{"main.py": asgi("", "'up'")}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	support.Eventually(t, "one process is left", func() bool { return len(children(t, p.cmd.Process.Pid)) == 1 })
}

// A pod that waits makes the larger interpreter after it is ready, and one that is taken before does not.
func TestTheLargerInterpreterIsMadeWhenThePodHasWaited(t *testing.T) {
	for name, test := range map[string]struct {
		after       time.Duration
		interpreter int
	}{
		"not yet": {time.Hour, 1},
		"waited":  {time.Millisecond, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPodWith(t, func(o *runner.Options) { o.LargeAfter = test.after })
			p.preloaded()
			support.Eventually(t, "the interpreters are there", func() bool { return len(children(t, p.cmd.Process.Pid)) == test.interpreter })
			files := map[string]string{"main.py": asgi("import aiosqlite\nloaded = 'aiosqlite' in sys.modules", "loaded")}
			if result := p.run(p.stage(files)); result.State != runnerapi.StateServing {
				t.Fatalf("got %+v", result)
			}
			if body := p.get("/"); body != "True" {
				t.Errorf("loaded is %s", body)
			}
			support.Eventually(t, "the other interpreter is gone", func() bool { return len(children(t, p.cmd.Process.Pid)) == 1 })
		})
	}
}
