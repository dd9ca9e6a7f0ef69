package node

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

const (
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 5 * time.Second
	// healthyAfter is how long a component has to run for its next crash to
	// count as a first one.
	healthyAfter = 20 * time.Second
	// stopGrace is what a component gets to end by itself; the API server takes
	// some seconds to drain its watches.
	stopGrace = 15 * time.Second
	// maxLog is where a log is set aside at the next start of its component.
	maxLog = 20 << 20
)

// runner keeps one component running.
type runner struct {
	component config.Component
	reaper    *reaper
	logDir    string
	log       *slog.Logger
	// wake ends a wait early: to be started, or started without backoff.
	wake chan struct{}

	mu       sync.Mutex
	wanted   bool
	pid      int
	started  time.Time
	restarts int
	lastEnd  string
	// ended is closed when the current process is gone.
	ended chan struct{}
}

func newRunner(c config.Component, r *reaper, logDir string, log *slog.Logger) *runner {
	return &runner{
		component: c,
		reaper:    r,
		logDir:    logDir,
		log:       log.With("component", c.Name),
		wake:      make(chan struct{}, 1),
		wanted:    true,
	}
}

// run starts the component again whenever it ends, until ctx does.
func (r *runner) run(ctx context.Context) {
	backoff := firstBackoff
	for ctx.Err() == nil {
		if !r.isWanted() {
			r.wait(ctx, 0)
			continue
		}
		began := time.Now()
		if err := r.runOnce(); err != nil {
			r.log.Error("cannot run", "error", err)
		}
		if time.Since(began) > healthyAfter {
			backoff = firstBackoff
		}
		r.wait(ctx, backoff)
		backoff = min(2*backoff, maxBackoff)
	}
}

// wait blocks for the given time, or without a limit if it is zero.
func (r *runner) wait(ctx context.Context, limit time.Duration) {
	var expired <-chan time.Time
	if limit > 0 {
		expired = time.After(limit)
	}
	select {
	case <-ctx.Done():
	case <-r.wake:
	case <-expired:
	}
}

func (r *runner) runOnce() error {
	output, err := r.openLog()
	if err != nil {
		return err
	}
	defer output.Close()
	args := r.component.Args
	env := []string{
		// containerd looks for its shim beside itself.
		"PATH=" + filepath.Dir(args[0]) + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/run",
		// Memory is cheaper here than the processors, which the pods need: with Go's default of 100 the API server spends a
		// sixth of its time on collecting garbage. What it starts inherits it, such as containerd's shims and runc.
		"GOGC=400",
	}

	r.mu.Lock()
	if !r.wanted {
		r.mu.Unlock()
		return nil
	}
	pid, exited, err := r.reaper.start(args, env, output)
	if err != nil {
		r.lastEnd = err.Error()
		r.mu.Unlock()
		return err
	}
	r.pid, r.started, r.ended = pid, time.Now(), make(chan struct{})
	r.mu.Unlock()
	r.log.Info("started", "pid", pid)

	status := <-exited
	r.mu.Lock()
	r.pid = 0
	r.restarts++
	r.lastEnd = describe(status)
	close(r.ended)
	r.mu.Unlock()
	r.log.Info("ended", "pid", pid, "how", describe(status))
	return nil
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

func (r *runner) openLog() (*os.File, error) {
	path := filepath.Join(r.logDir, r.component.Name+".log")
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("set the old log aside: %w", err)
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

func (r *runner) isWanted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wanted
}

func (r *runner) start() {
	r.mu.Lock()
	r.wanted = true
	r.mu.Unlock()
	r.nudge()
}

// stop ends the component for good; it returns when the process is gone.
func (r *runner) stop() {
	r.mu.Lock()
	r.wanted = false
	pid, ended := r.pid, r.ended
	r.mu.Unlock()
	if pid == 0 {
		return
	}
	r.signal(pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(stopGrace):
		r.signal(pid, syscall.SIGKILL)
		<-ended
	}
}

// kill ends the process as a crash would; it is started again at once.
func (r *runner) kill() error {
	r.mu.Lock()
	pid, ended := r.pid, r.ended
	r.mu.Unlock()
	if pid == 0 {
		return fmt.Errorf("%s is not running", r.component.Name)
	}
	r.signal(pid, syscall.SIGKILL)
	<-ended
	r.nudge()
	return nil
}

func (r *runner) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *runner) signal(pid int, s syscall.Signal) {
	if err := syscall.Kill(pid, s); err != nil {
		r.log.Warn("cannot signal", "pid", pid, "signal", s.String(), "error", err)
	}
}
