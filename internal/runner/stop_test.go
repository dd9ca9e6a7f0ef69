package runner_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

func (p *pod) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pod) exists(name string) bool {
	_, err := os.Stat(p.path(name))
	return err == nil
}

// The last lines of an application are what somebody wants to read when it stops.
func TestStopWaitsForTheLastLines(t *testing.T) {
	// Longer than any test waits: if the application were killed, it would be too soon.
	p := startPod(t, runnerapi.EnvStopGrace+"=10m")
	source := `import asyncio, os
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("asked to stop")
    open("../asked", "w").close()
    while not os.path.exists("../go"):
        await asyncio.sleep(0.005)
    for number in range(500):
        print("last line", number)
`
	if result := p.assign(map[string]string{"main.py": source}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	p.terminate()
	support.Eventually(t, "the application was asked to stop", func() bool { return p.exists("asked") })
	select {
	case <-p.exited:
		t.Error("the runner did not wait for its application")
	default:
	}
	if err := os.WriteFile(p.path("go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(); code != 143 {
		t.Errorf("exit code %d, want 143", code)
	}
	if output := p.output.String(); !strings.Contains(output, "asked to stop\n") || !strings.Contains(output, "last line 499\n") || strings.Contains(output, "killed") {
		t.Error("the application's last lines are missing, or it was killed")
	}
}

func TestApplicationThatIgnoresSIGTERMIsKilled(t *testing.T) {
	p := startPod(t, runnerapi.EnvStopGrace+"=300ms")
	// It leaves a child as well, which nobody tells to stop.
	before := `import asyncio, signal
if os.fork() == 0:
    signal.pause()
def ignore(*_):
    os.write(1, b"ignored\n")
`
	source := asgi(before, `[asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM), signal.signal(signal.SIGTERM, ignore)]`)
	if result := p.assign(map[string]string{"main.py": source}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	p.get("/")
	p.terminate()
	if code := p.exitCode(); code != 143 {
		t.Errorf("exit code %d, want 143", code)
	}
	if output := p.output.String(); !strings.Contains(output, "ignored\n") || !strings.Contains(output, "preview: WARNING: the application did not stop within 300ms of being asked to, and was killed\n") {
		t.Error("the application was not asked to stop, or not killed")
	}
	// Its child is gone, too: it would hold the pipe, to whose end exitCode waits.
}

func TestStopGraceOutOfBounds(t *testing.T) {
	p := startPod(t, runnerapi.EnvStopGrace+"=0s")
	if p.exitCode(); !strings.Contains(p.output.String(), runnerapi.EnvStopGrace+" must be a duration of more than 0 and at most 10m0s") {
		t.Error("the runner did not say what is wrong with its grace period")
	}
}
