package runner

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	// maxGroupFile bounds what is read of a file of a control group: of the list of processes, which the application
	// can make long, that is some ten thousand.
	maxGroupFile = 64 << 10
	// noLimit and above is how version 1 says that memory has no limit: a number close to the largest.
	noLimit = 1 << 60
)

// controlGroup reads the files of the control group that the container is in, of version 2 or 1.
type controlGroup struct {
	// dir is where control groups are mounted, self what /proc/self/cgroup says.
	dir, self string
}

// newControlGroup reads where the process is. Not knowing costs nothing in a pod: its own group is all that it sees.
func newControlGroup(dir string) controlGroup {
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		self = nil
	}
	return controlGroup{dir: dir, self: string(self)}
}

// folders are where the files of a controller may be: where all groups are visible, the path of ours leads to it; in a
// pod, where that path leads nowhere, the mount itself is its own group. "" stands for version 2.
func (g controlGroup) folders(controller string) []string {
	mount := filepath.Join(g.dir, controller)
	for line := range strings.Lines(g.self) {
		// 4:cpu,cpuacct:/kubepods/pod1/container, or 0::/kubepods/pod1/container for version 2
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 && slices.Contains(strings.Split(fields[1], ","), controller) {
			// From the root, so that a path that leads out of what we may see ends there.
			return []string{filepath.Join(mount, filepath.Join("/", fields[2])), mount}
		}
	}
	return []string{mount}
}

// read returns a file of a controller, at most maxGroupFile bytes of it.
func (g controlGroup) read(controller, name string) ([]byte, error) {
	var failed error
	for _, folder := range g.folders(controller) {
		data, err := readBounded(filepath.Join(folder, name))
		if err == nil {
			return data, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxGroupFile))
}

// number returns a file that is one number, which is none of these files' when it is negative.
func (g controlGroup) number(controller, name string) (int64, error) {
	data, err := g.read(controller, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is not a number from 0", name)
	}
	return n, nil
}

// field returns the number behind a name in a file of such lines.
func (g controlGroup) field(controller, name, field string) (int64, error) {
	data, err := g.read(controller, name)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), field+" "); ok {
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
				return n, nil
			}
		}
	}
	return 0, fmt.Errorf("%s has no number %s", name, field)
}

// oomKills counts the processes of the container that were killed for memory. On version 1 the kernel kills a single
// process, the application's, and PID 1 lives on; nobody else tells us why it died.
func (g controlGroup) oomKills() int64 {
	n, err := g.field("", "memory.events", "oom_kill")
	if err != nil {
		n, err = g.field("memory", "memory.oom_control", "oom_kill")
	}
	if err != nil {
		return 0
	}
	return n
}

// memoryLimit is the limit in bytes, 0 if there is none or if it cannot be read.
func (g controlGroup) memoryLimit() int64 {
	n, err := g.number("", "memory.max")
	if err != nil {
		n, err = g.number("memory", "memory.limit_in_bytes")
	}
	if err != nil || n >= noLimit {
		return 0
	}
	return n
}

// workingSet is the memory in use, in bytes, without the file cache that the kernel would give up first.
func (g controlGroup) workingSet() (int64, error) {
	used, err := g.number("", "memory.current")
	controller, field := "", "inactive_file"
	if err != nil {
		controller, field = "memory", "total_inactive_file"
		if used, err = g.number(controller, "memory.usage_in_bytes"); err != nil {
			return 0, err
		}
	}
	inactive, err := g.field(controller, "memory.stat", field)
	// The two are read one after the other, and the cache may have shrunk between them.
	return max(used-inactive, 0), err
}

// cpuMicros is the processor time used since the group was made, in microseconds.
func (g controlGroup) cpuMicros() (int64, error) {
	if n, err := g.field("", "cpu.stat", "usage_usec"); err == nil {
		return n, nil
	}
	nanos, err := g.number("cpuacct", "cpuacct.usage")
	return nanos / 1000, err
}

// processes counts the processes, 0 if it cannot.
func (g controlGroup) processes() int64 {
	data, err := g.read("", "cgroup.procs")
	if err != nil {
		data, err = g.read("memory", "cgroup.procs")
	}
	if err != nil {
		return 0
	}
	return int64(bytes.Count(data, []byte{'\n'}))
}

// outOfMemory reports whether a process that ended with status was killed for memory.
func outOfMemory(status syscall.WaitStatus, killsBefore, killsAfter int64) bool {
	return status.Signaled() && status.Signal() == syscall.SIGKILL && killsAfter > killsBefore
}
