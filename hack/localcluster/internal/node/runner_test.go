package node

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

// The reaper collects every child of the process, so these tests share one and
// start nothing by other means.
var testReaper = newReaper()

func startRunner(t *testing.T, script string) *runner {
	t.Helper()
	dir := t.TempDir()
	component := config.Component{Name: "test", Args: []string{"/bin/sh", "-c", script}}
	r := newRunner(component, testReaper, dir, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		r.stop()
		<-done
	})
	return r
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// starts counts how often the script has written that it started.
func (r *runner) starts(t *testing.T) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(r.logDir, "test.log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(log), "started")
}

func TestKilledComponentIsStartedAgain(t *testing.T) {
	t.Parallel()
	r := startRunner(t, "echo started; exec sleep 1000")
	// A shell that is killed before its first command writes nothing.
	await(t, "it runs", func() bool { return r.starts(t) == 1 })
	first := r.status().PID
	if err := r.kill(); err != nil {
		t.Fatal(err)
	}
	await(t, "it runs again", func() bool { return r.status().PID != 0 && r.status().PID != first })
	if s := r.status(); s.Restarts != 1 || s.LastEnd != "signal: killed" {
		t.Errorf("status = %+v, want one restart after a kill", s)
	}
	await(t, "both have written to the log", func() bool { return r.starts(t) == 2 })
}

func TestStoppedComponentStaysStopped(t *testing.T) {
	t.Parallel()
	r := startRunner(t, "exec sleep 1000")
	await(t, "it runs", func() bool { return r.status().PID != 0 })
	r.stop()
	await(t, "it has ended", func() bool { return r.status().PID == 0 })
	if s := r.status(); s.Wanted {
		t.Errorf("status = %+v, want it stopped", s)
	}
	if err := r.kill(); err == nil {
		t.Error("a stopped component was killed")
	}
	r.start()
	await(t, "it runs again", func() bool { return r.status().PID != 0 })
}

func TestCrashingComponentIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := startRunner(t, "exit 3")
	await(t, "it was tried three times", func() bool { return r.status().Restarts >= 3 })
	if s := r.status(); s.LastEnd != "exit code 3" {
		t.Errorf("last end = %q, want exit code 3", s.LastEnd)
	}
}

func TestOrphansAreCollected(t *testing.T) {
	t.Parallel()
	// The supervisor inherits orphans as first process of its namespace; the
	// nearest to it in a test is a child that nobody registered.
	process, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	stat := filepath.Join("/proc", strconv.Itoa(process.Pid), "stat")
	await(t, "the child is gone", func() bool {
		_, err := os.Stat(stat)
		return os.IsNotExist(err)
	})
}
