package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process identifies one process for as long as the machine exists: a process id
// alone may by now belong to somebody else.
type process struct {
	PID int `json:"pid"`
	// Started is the kernel's count of clock ticks from boot to the start.
	Started string `json:"started"`
	Boot    string `json:"boot"`
}

const processFile = "node.json"

func identify(pid int) (process, error) {
	started, _, err := processStat(pid)
	if err != nil {
		return process{}, err
	}
	boot, err := bootID()
	if err != nil {
		return process{}, err
	}
	return process{PID: pid, Started: started, Boot: boot}, nil
}

// alive tells whether the very process that was identified still runs.
func (p process) alive() bool {
	if p.PID == 0 {
		return false
	}
	boot, err := bootID()
	if err != nil || boot != p.Boot {
		return false
	}
	started, state, err := processStat(p.PID)
	// The first process of a namespace becomes a zombie only when all others are
	// gone; nobody may be there to collect it.
	return err == nil && started == p.Started && state != "Z" && state != "X"
}

// processStat reads the start time and the state of a process.
func processStat(pid int) (started, state string, err error) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", "", err
	}
	return parseStat(string(content))
}

// parseStat takes apart /proc/<pid>/stat, whose second field, the program's name
// in parentheses, may hold anything, spaces and parentheses included.
func parseStat(stat string) (started, state string, err error) {
	const (
		stateField   = 0 // the third of all
		startedField = 19
	)
	_, rest, ok := cutLast(stat, ")")
	fields := strings.Fields(rest)
	if !ok || len(fields) <= startedField {
		return "", "", errors.New("unexpected format of /proc/<pid>/stat")
	}
	return fields[startedField], fields[stateField], nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
}

// node reads which process is the cluster's node; the zero value if none is known.
func (c *Cluster) node() process {
	var p process
	content, err := os.ReadFile(c.path(processFile))
	if err != nil || json.Unmarshal(content, &p) != nil {
		return process{}
	}
	return p
}

// startNode starts the node in namespaces of its own. It does nothing until the
// returned function lets it go on, and ends if that is never called: a process
// that is not yet recorded could not be found again.
func (c *Cluster) startNode() (p process, proceed func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return process{}, nil, err
	}
	log, err := os.OpenFile(c.logPath("node"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return process{}, nil, err
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return process{}, nil, err
	}
	defer read.Close()

	if err := keepFilesToMyself(); err != nil {
		return process{}, nil, err
	}
	cmd := exec.Command(self, "--name", c.Name, "--state-dir", c.StateDir, "--cache-dir", c.Cache.Dir, "node")
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = read, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true,
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET |
			syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	if err := cmd.Start(); err != nil {
		return process{}, nil, errors.Join(fmt.Errorf("start the node in namespaces of its own (are you root?): %w", err), write.Close())
	}
	// Collects the node if it ends while this process is still there.
	go func() { _ = cmd.Wait() }()

	p, err = identify(cmd.Process.Pid)
	if err == nil {
		err = c.writeJSON(processFile, p)
	}
	if err != nil {
		return process{}, nil, errors.Join(err, write.Close())
	}
	return p, func() error {
		_, err := write.Write([]byte{1})
		return errors.Join(err, write.Close())
	}, nil
}

// keepFilesToMyself stops the node from inheriting files this process was itself
// started with: it would hold a caller's lock or pipe for as long as it lives.
func keepFilesToMyself() error {
	const firstAfterStandard = 3
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, f := range open {
		if fd, err := strconv.Atoi(f.Name()); err == nil && fd >= firstAfterStandard {
			syscall.CloseOnExec(fd)
		}
	}
	return nil
}

// stopNode ends the node, and with it everything in its namespaces.
func (c *Cluster) stopNode(ctx context.Context) error {
	p := c.node()
	if !p.alive() {
		return nil
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the node, process %d: %w", p.PID, err)
	}
	return poll(ctx, 30*time.Second, func() error {
		if p.alive() {
			return fmt.Errorf("the node, process %d, does not end", p.PID)
		}
		return nil
	})
}

// poll repeats check until it returns nil.
func poll(ctx context.Context, limit time.Duration, check func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return nil
		}
		var final finalError
		if errors.As(err, &final) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// finalError is one that waiting longer does not mend.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }
