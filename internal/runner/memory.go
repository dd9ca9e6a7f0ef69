package runner

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// oomKills counts the processes of the container that were killed for memory, from cgroup v2 or v1. On v1 the kernel
// kills a single process, the application's, and PID 1 lives on; nobody else tells us why it died.
func oomKills(cgroupDir string) int64 {
	for _, name := range []string{"memory.events", "memory/memory.oom_control"} {
		data, err := os.ReadFile(filepath.Join(cgroupDir, name))
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for lines.Scan() {
			if count, ok := strings.CutPrefix(lines.Text(), "oom_kill "); ok {
				if n, err := strconv.ParseInt(count, 10, 64); err == nil {
					return n
				}
			}
		}
	}
	return 0
}

// memoryLimitMB is the limit in MiB that the cgroup knows, 0 if none or if it cannot be read.
func memoryLimitMB(cgroupDir string) int64 {
	for _, name := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
		data, err := os.ReadFile(filepath.Join(cgroupDir, name))
		if err != nil {
			continue
		}
		// v1 says "no limit" by a number close to the largest.
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil && limit < 1<<60 {
			return limit >> 20
		}
	}
	return 0
}

// outOfMemory reports whether a process that ended with status was killed for memory.
func outOfMemory(status syscall.WaitStatus, killsBefore, killsAfter int64) bool {
	return status.Signaled() && status.Signal() == syscall.SIGKILL && killsAfter > killsBefore
}
