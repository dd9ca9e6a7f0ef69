package node

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reaper starts processes and collects every child there is. The first process of a
// namespace inherits all orphans (containerd's shims, for one), so that waiting
// for single processes, as package os does, would leave the others as zombies.
type reaper struct {
	mu      sync.Mutex
	waiting map[int]chan<- syscall.WaitStatus
}

func newReaper() *reaper {
	r := &reaper{waiting: map[int]chan<- syscall.WaitStatus{}}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	go func() {
		for range signals {
			r.collect()
		}
	}()
	return r
}

// start runs a program and returns its process id and the channel that gets its end.
func (r *reaper) start(args, env []string, output *os.File) (int, <-chan syscall.WaitStatus, error) {
	input, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer input.Close()

	// Held until the id is known, so that a process which ends at once finds its channel.
	r.mu.Lock()
	defer r.mu.Unlock()
	process, err := os.StartProcess(args[0], args, &os.ProcAttr{
		Dir:   "/",
		Env:   env,
		Files: []*os.File{input, output, output},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	pid := process.Pid
	if err := process.Release(); err != nil {
		return 0, nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	r.waiting[pid] = ended
	return pid, ended, nil
}

func (r *reaper) collect() {
	for {
		// Under the lock, or start might be given the id again in between.
		r.mu.Lock()
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if ended, ok := r.waiting[pid]; ok {
			delete(r.waiting, pid)
			ended <- status
		}
		r.mu.Unlock()
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid == 0 {
			return
		}
	}
}
