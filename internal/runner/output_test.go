package runner_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

// follow opens the journal of a pod.
func (p *pod) follow(after uint64) *handover.Journal {
	p.t.Helper()
	client, err := handover.New(handover.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	var journal *handover.Journal
	support.Eventually(p.t, "the runner answers", func() bool {
		journal, err = client.OpenJournal(p.t.Context(), p.target, after)
		return err == nil || !errors.Is(err, handover.ErrUnreachable)
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(journal.Close)
	return journal
}

// readTo reads until a line holds text, or to the end for "", and returns the lines, with those that came together with it.
func (p *pod) readTo(journal *handover.Journal, text string) (lines []string, last uint64) {
	p.t.Helper()
	for found := false; !found; {
		frames, err := journal.Next()
		if errors.Is(err, io.EOF) && text == "" {
			return lines, last
		}
		if err != nil {
			p.t.Fatalf("%v after %q", err, lines)
		}
		for _, frame := range frames {
			if frame.Seq == 0 {
				continue
			}
			last = frame.Seq
			lines = append(lines, frame.Text)
			found = found || text != "" && strings.Contains(frame.Text, text)
		}
	}
	return lines, last
}

// What people read with kubectl logs is what is stored.
func (p *pod) sameAsOutput(lines []string) {
	p.t.Helper()
	if diff := cmp.Diff(strings.TrimSuffix(p.output.String(), "\n"), strings.Join(lines, "\n")); diff != "" {
		p.t.Errorf("the container's log and the journal differ (-log +journal):\n%s", diff)
	}
}

func (p *pod) ack(journal *handover.Journal, seq uint64) {
	p.t.Helper()
	if err := journal.Ack(p.t.Context(), seq); err != nil {
		p.t.Fatal(err)
	}
}

func TestTracebackIsStoredBeforeTheRunnerExits(t *testing.T) {
	for name, env := range map[string][]runnerapi.EnvVar{"forked": nil, "fresh": {{Name: "PYTHONHASHSEED", Value: "7"}}} {
		t.Run(name, func(t *testing.T) {
			p := startPod(t)
			journal := p.follow(0)
			result := p.assign(map[string]string{"main.py": asgi("print('no line break', end='')\nimport missing_package", "1")}, func(a *runnerapi.Assignment) { a.Env = env })
			if result.State != runnerapi.StateFailed {
				t.Fatalf("got %+v", result)
			}
			lines, last := p.readTo(journal, "")
			if text := strings.Join(lines, "\n"); !strings.HasPrefix(text, "no line breakTraceback") || !strings.Contains(text, `main.py", line 3, in <module>`) {
				t.Errorf("the journal has %s", text)
			}
			p.ack(journal, last-1)
			select {
			case <-p.exited:
				t.Error("the runner did not wait until the last line was stored")
			default:
			}
			p.ack(journal, last)
			p.exitCode()
			p.sameAsOutput(lines)
		})
	}
}

func TestOutputAfterSIGTERMIsStored(t *testing.T) {
	p := startPod(t)
	source := `import asyncio, atexit, sys
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for number in range(5000):
        print("last line", number, file=(sys.stdout, sys.stderr)[number % 2])
atexit.register(lambda: print("no line break", end=""))
`
	if result := p.assign(map[string]string{"main.py": source}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	journal := p.follow(0)
	p.terminate()
	first, stored := p.readTo(journal, "last line 77")
	p.ack(journal, stored)
	journal.Close()
	// The collector was restarted, and goes on.
	journal = p.follow(stored)
	rest, last := p.readTo(journal, "")
	p.ack(journal, last)
	if code := p.exitCode(); code != 143 {
		t.Errorf("exit code %d, want 143", code)
	}
	lines := append(first, rest...)
	p.sameAsOutput(lines)
	if n := len(lines); uint64(n) != last || n < 5001 || lines[n-1] != "no line break" {
		t.Errorf("%d lines to number %d, the last is %q", n, last, lines[n-1])
	}
}

func TestOutputHeldOpenByWhatTheApplicationLeft(t *testing.T) {
	p := startPod(t)
	// It ends when the test's folder is removed.
	source := fmt.Sprintf(`import subprocess
subprocess.Popen(["sh", "-c", "while [ -d %s ]; do sleep 0.05; done"], start_new_session=True)
`, p.dir) + asgi("import threading; print('served')", "threading.Timer(0, os._exit, [3]).start()")
	if result := p.assign(map[string]string{"main.py": source}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	journal := p.follow(0)
	lines, served := p.readTo(journal, "served")
	if response, err := http.Get("http://127.0.0.1:" + itoa(p.port)); err == nil {
		// It ended before it answered, most likely.
		response.Body.Close()
	}
	rest, last := p.readTo(journal, "")
	last = max(last, served)
	p.ack(journal, last)
	if lines = append(lines, rest...); uint64(len(lines)) != last {
		t.Errorf("%d lines to number %d", len(lines), last)
	}
	if failure := p.terminationLog(); failure == nil || failure.ExitCode == nil || *failure.ExitCode != 3 {
		t.Errorf("the pod left %+v", failure)
	}
}
