package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// clockTick is the unit of /proc/PID/stat, USER_HZ, which is 100 on every Linux.
const clockTick = 10 * time.Millisecond

// operatorCPU is the processor time that manager and gateway have used so far, by container. Empty where their
// processes are not on this machine.
func operatorCPU(ctx context.Context, cluster *framework.Cluster) (map[string]time.Duration, error) {
	pod, err := cluster.ManagerPod(ctx)
	if err != nil {
		return nil, err
	}
	used := map[string]time.Duration{}
	for _, name := range []string{"manager", "gateway"} {
		pid, err := framework.ContainerProcess(string(pod.UID), "/"+name)
		if err != nil {
			continue
		}
		if used[name], err = processCPU(pid); err != nil {
			return nil, err
		}
	}
	return used, nil
}

func processCPU(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the name in parentheses and may hold spaces. utime and stime are fields 14 and 15.
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}
