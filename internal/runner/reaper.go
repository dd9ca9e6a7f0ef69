package runner

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper waits for every child: as PID 1 the runner inherits what applications leave behind. It is the only one that
// waits, so os/exec and os.Process.Wait, which would compete for exit statuses, are not used in this program.
type reaper struct {
	mu      sync.Mutex
	watched map[int]*child
	signals chan os.Signal
}

// child is a process that the reaper watches.
type child struct {
	pid int
	// done is closed when it has ended; status, set before that, says how.
	done   chan struct{}
	status syscall.WaitStatus
}

func newReaper() *reaper {
	r := &reaper{watched: map[int]*child{}, signals: make(chan os.Signal, 1)}
	signal.Notify(r.signals, syscall.SIGCHLD)
	go func() {
		for range r.signals {
			r.reap()
		}
	}()
	return r
}

// stop ends the reaping; statuses that are due then are lost.
func (r *reaper) stop() {
	signal.Stop(r.signals)
	close(r.signals)
}

func (r *reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if c, ok := r.watched[pid]; ok {
			c.status = status
			close(c.done)
			delete(r.watched, pid)
		}
	}
}

// spawn starts a process and watches it. The lock keeps its status from being reaped before it is watched.
func (r *reaper) spawn(start func() (pid int, err error)) (*child, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := start()
	if err != nil {
		return nil, err
	}
	return r.watchLocked(pid), nil
}

// watch watches a process that is, or is about to become, a child, and that cannot have been reaped yet.
func (r *reaper) watch(pid int) *child {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.watchLocked(pid)
}

func (r *reaper) watchLocked(pid int) *child {
	c := &child{pid: pid, done: make(chan struct{})}
	r.watched[pid] = c
	return c
}

// signal sends a process that has not been reaped a signal; with group, its process group as well, which it may not lead.
func (r *reaper) signal(c *child, signal syscall.Signal, group bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// What is not reaped keeps its number: nobody else can have it. A process that has ended takes no signal.
	select {
	case <-c.done:
	default:
		_ = syscall.Kill(c.pid, signal)
	}
	if group {
		_ = syscall.Kill(-c.pid, signal)
	}
}

// exitCode is the status as shells tell it: 128 plus the signal's number when a signal ended the process.
func exitCode(status syscall.WaitStatus) int32 {
	if status.Signaled() {
		return 128 + int32(status.Signal())
	}
	return int32(status.ExitStatus())
}
