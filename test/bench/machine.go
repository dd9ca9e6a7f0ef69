package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// A launch counts as one under pressure when others had a say in it. These are measures of what goes on besides the
// launch; its own time is none, or slow launches would be left out because they are slow.
const (
	// foreignShare is the share of the processors that programs outside the cluster had during the launch.
	foreignShare = 0.10
	// pressureShare is the share of the time right before the launch, when all should be idle, in which something waited
	// for a processor, the disk or memory.
	pressureShare = 0.10
)

// processCPU is the processor time that a process has used, threads that have ended included.
func processCPU(pid int) (time.Duration, error) {
	var used unix.Timespec
	// The kernel's id of the clock of a process, as clock_getcpuclockid(3) makes it.
	clock := int32(^pid)<<3 | 2
	if err := unix.ClockGettime(clock, &used); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return time.Duration(used.Nano()), nil
}

// components are the processes whose processor time is told, by name.
type components struct {
	pids map[string]int
	// group is the cluster's control group, relative to the root of its hierarchy; empty where it is not on this machine.
	group string
}

// controlPlane are the programs of a node that take part in a launch, by the name of their process.
var controlPlane = []string{"kube-apiserver", "etcd", "kubelet", "containerd", "kube-scheduler", "kube-controller-manager"}

// findComponents finds the processes of the installation. On a cluster that is not on this machine there are none.
func findComponents(ctx context.Context, cluster *framework.Cluster) (*components, error) {
	pod, err := cluster.ManagerPod(ctx)
	if err != nil {
		return nil, err
	}
	c := &components{pids: map[string]int{}}
	for _, name := range []string{"manager", "gateway"} {
		pid, err := framework.ContainerProcess(string(pod.UID), "/"+name)
		if errors.Is(err, framework.ErrNoProcess) {
			return c, nil
		}
		if err != nil {
			return nil, err
		}
		c.pids[name] = pid
	}
	path, err := cpuGroup(c.pids["manager"])
	if err != nil {
		return nil, err
	}
	c.group, _, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return c, c.addControlPlane()
}

// addControlPlane finds the programs that run in the cluster's own group, but outside pods.
func (c *components) addControlPlane() error {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		// Processes come and go while they are listed.
		name, err := os.ReadFile(filepath.Join(folder, "comm"))
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			return err
		}
		group, err := cpuGroup(pid)
		if err != nil || group != "/"+c.group+"/node" {
			continue
		}
		// The kernel cuts names to 15 bytes.
		i := slices.IndexFunc(controlPlane, func(full string) bool { return full[:min(15, len(full))] == strings.TrimSpace(string(name)) })
		if i >= 0 {
			c.pids[controlPlane[i]] = pid
		}
	}
	return nil
}

// used is the processor time of each component so far.
func (c *components) used() (map[string]time.Duration, error) {
	all := map[string]time.Duration{}
	for name, pid := range c.pids {
		var err error
		if all[name], err = processCPU(pid); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

// cpuGroup is the control group that a process' processor time is counted in, on both versions of control groups.
func cpuGroup(pid int) (string, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", err
	}
	return cpuGroupOf(string(raw)), nil
}

// cpuGroupOf finds it in the text of /proc/PID/cgroup.
func cpuGroupOf(text string) string {
	unified := ""
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		if slices.Contains(strings.Split(fields[1], ","), "cpuacct") {
			return fields[2]
		}
		if fields[1] == "" {
			unified = fields[2]
		}
	}
	return unified
}

// groupCPU is the processor time that a control group and all below it have used; that of the machine for "".
func groupCPU(group string) (time.Duration, error) {
	raw, err := os.ReadFile(filepath.Join("/sys/fs/cgroup/cpuacct", group, "cpuacct.usage"))
	if err == nil {
		nanos, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
		return time.Duration(nanos), err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if raw, err = os.ReadFile(filepath.Join("/sys/fs/cgroup", group, "cpu.stat")); err != nil {
		return 0, err
	}
	micros, err := field(string(raw), "usage_usec ")
	return time.Duration(micros) * time.Microsecond, err
}

// field reads the number that follows a word in a file of the kernel's.
func field(text, word string) (int64, error) {
	_, rest, found := strings.Cut(text, word)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("there is no %q in %.200q", word, text)
	}
	return strconv.ParseInt(fields[0], 10, 64)
}

// reading is the state of the machine at one time.
type reading struct {
	at time.Time
	// machine, cluster and self are processor time: of everything, of the cluster, of this program.
	machine, cluster, self time.Duration
	// stalled is how long something has waited for each resource so far; without pressure information it is empty.
	stalled map[string]time.Duration
}

func (c *components) read() (reading, error) {
	r := reading{at: time.Now()}
	var err error
	if r.stalled, err = stalled(); err != nil {
		return reading{}, err
	}
	if c.group == "" {
		return r, nil
	}
	if r.machine, err = groupCPU(""); err != nil {
		return reading{}, err
	}
	if r.cluster, err = groupCPU(c.group); err != nil {
		return reading{}, err
	}
	r.self, err = processCPU(os.Getpid())
	return r, err
}

// foreign is the share of the processors that others than the cluster and this program have had since.
func (r reading) foreign(since reading) float64 {
	elapsed := r.at.Sub(since.at) * time.Duration(runtime.NumCPU())
	others := (r.machine - since.machine) - (r.cluster - since.cluster) - (r.self - since.self)
	if elapsed <= 0 || r.machine == since.machine {
		return 0
	}
	return max(0, float64(others)/float64(elapsed))
}

// pressure is how long something has waited for each resource since.
func (r reading) pressure(since reading) map[string]time.Duration {
	waited := map[string]time.Duration{}
	for name, total := range r.stalled {
		waited[name] = total - since.stalled[name]
	}
	return waited
}

// stalled reads /proc/pressure. Kernels without it tell nothing.
func stalled() (map[string]time.Duration, error) {
	all := map[string]time.Duration{}
	for _, name := range []string{"cpu", "io", "memory"} {
		raw, err := os.ReadFile("/proc/pressure/" + name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.EOPNOTSUPP) {
			continue
		}
		if err != nil {
			return nil, err
		}
		micros, err := field(string(raw), "total=")
		if err != nil {
			return nil, err
		}
		all[name] = time.Duration(micros) * time.Microsecond
	}
	return all, nil
}

func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(raw)); err == nil && len(fields) > 2 {
		return strings.Join(fields[:3], " ")
	}
	return "unknown"
}

// environment is what was measured on.
type environment struct {
	Processors int    `json:"processors"`
	MemoryMiB  int64  `json:"memory_mib"`
	Kernel     string `json:"kernel"`
	Kubernetes string `json:"kubernetes"`
	Go         string `json:"go"`
	Image      string `json:"runtime_image"`
}

func describe(cluster *framework.Cluster, image string) (environment, error) {
	version, err := cluster.Kube.Discovery().ServerVersion()
	if err != nil {
		return environment{}, err
	}
	meminfo, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return environment{}, err
	}
	kib, err := field(string(meminfo), "MemTotal:")
	if err != nil {
		return environment{}, err
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return environment{
		Processors: runtime.NumCPU(), MemoryMiB: kib >> 10, Kernel: strings.TrimSpace(string(release)),
		Kubernetes: version.GitVersion, Go: runtime.Version(), Image: image,
	}, err
}
