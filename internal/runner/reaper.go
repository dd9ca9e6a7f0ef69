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
	watched map[int]chan syscall.WaitStatus
	signals chan os.Signal
}

func newReaper() *reaper {
	r := &reaper{watched: map[int]chan syscall.WaitStatus{}, signals: make(chan os.Signal, 1)}
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
		if exit, ok := r.watched[pid]; ok {
			exit <- status
			delete(r.watched, pid)
		}
	}
}

// spawn starts a process and watches it. The lock keeps its status from being reaped before it is watched.
func (r *reaper) spawn(start func() (pid int, err error)) (int, <-chan syscall.WaitStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := start()
	if err != nil {
		return 0, nil, err
	}
	return pid, r.watchLocked(pid), nil
}

// watch returns the channel that will have the status of a process that is, or is about to become, a child, and that
// cannot have been reaped yet.
func (r *reaper) watch(pid int) <-chan syscall.WaitStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.watchLocked(pid)
}

func (r *reaper) watchLocked(pid int) <-chan syscall.WaitStatus {
	exit := make(chan syscall.WaitStatus, 1)
	r.watched[pid] = exit
	return exit
}

// exitCode is the status as shells tell it: 128 plus the signal's number when a signal ended the process.
func exitCode(status syscall.WaitStatus) int32 {
	if status.Signaled() {
		return 128 + int32(status.Signal())
	}
	return int32(status.ExitStatus())
}
