package framework

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrNoProcess is returned while the container of a pod has no process.
var ErrNoProcess = errors.New("no such process")

// ContainerProcess finds, from the host, the process that a container of a pod was started with. A static image has
// nothing that could send a signal from inside, and the kubelet offers none.
func ContainerProcess(podUID, command string) (int, error) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, folder := range processes {
		cmdline, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if err != nil || string(bytes.SplitN(cmdline, []byte{0}, 2)[0]) != command {
			// Processes come and go while they are listed.
			continue
		}
		cgroup, err := os.ReadFile(filepath.Join(folder, "cgroup"))
		if err == nil && InPod(string(cgroup), podUID) {
			return strconv.Atoi(filepath.Base(folder))
		}
	}
	return 0, fmt.Errorf("%w: %s in pod %s", ErrNoProcess, command, podUID)
}

// InPod reports whether a /proc/PID/cgroup is that of a process in a pod. It knows both cgroup drivers: cgroupfs writes the UID with hyphens, systemd with underscores.
func InPod(cgroup, podUID string) bool {
	return strings.Contains(cgroup, podUID) || strings.Contains(cgroup, strings.ReplaceAll(podUID, "-", "_"))
}
