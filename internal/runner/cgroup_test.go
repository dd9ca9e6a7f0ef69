package runner

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

// readings are everything that a control group tells.
type readings struct {
	Kills, Limit, WorkingSet, CPU, Processes int64
	Unreadable                               bool
}

func read(g controlGroup) readings {
	memory, memoryErr := g.workingSet()
	cpu, cpuErr := g.cpuMicros()
	return readings{
		Kills: g.oomKills(), Limit: g.memoryLimit(), WorkingSet: memory, CPU: cpu, Processes: g.processes(),
		Unreadable: memoryErr != nil || cpuErr != nil,
	}
}

// v2 and v1 are what the files of a group look like, at a path below the mount of its version or controller.
func v2(at string) map[string]string {
	return map[string]string{
		at + "/memory.events":  "low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\noom_group_kill 0\n",
		at + "/memory.max":     "536870912\n",
		at + "/memory.current": "90000000\n",
		at + "/memory.stat":    "anon 1\nfile 2\ninactive_anon 7\ninactive_file 20000000\nactive_file 5\n",
		at + "/cpu.stat":       "usage_usec 1234567\nuser_usec 1\nsystem_usec 2\n",
		at + "/cgroup.procs":   "1\n7\n8\n",
	}
}

func v1(at string) map[string]string {
	return map[string]string{
		"memory" + at + "/memory.oom_control":    "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
		"memory" + at + "/memory.limit_in_bytes": "67108864\n",
		"memory" + at + "/memory.usage_in_bytes": "50000000\n",
		"memory" + at + "/memory.stat":           "inactive_file 1\ntotal_inactive_file 10000000\n",
		"memory" + at + "/cgroup.procs":          "1\n7\n",
		"cpuacct" + at + "/cpuacct.usage":        "987654321\n",
	}
}

func with(files map[string]string, name, content string) map[string]string {
	files[name] = content
	return files
}

func TestReadingsOfTheControlGroup(t *testing.T) {
	const path = "/kubepods/burstable/pod1/container"
	wantV2 := readings{Kills: 3, Limit: 536870912, WorkingSet: 70000000, CPU: 1234567, Processes: 3}
	wantV1 := readings{Kills: 2, Limit: 67108864, WorkingSet: 40000000, CPU: 987654, Processes: 2}
	change := func(want readings, change func(*readings)) readings {
		change(&want)
		return want
	}
	selfV1 := "9:name=systemd:" + path + "\n4:memory:" + path + "\n2:cpu,cpuacct:" + path + "\n0::/elsewhere\n"
	everything := v1("")
	for name, content := range v1(path) {
		everything[name] = strings.NewReplacer("50000000", "30000000", "10000000", "0").Replace(content)
	}
	for name, test := range map[string]struct {
		self  string
		files map[string]string
		want  readings
	}{
		"v2, own namespace":       {"0::/\n", v2(""), wantV2},
		"v2, host's namespace":    {"0::" + path + "\n", v2(path), wantV2},
		"v2, path out of sight":   {"0::/../../other\n", v2(""), wantV2},
		"v1, own mounts":          {selfV1, v1(""), wantV1},
		"v1, host's mounts":       {selfV1, v1(path), wantV1},
		"v1, its own of many":     {selfV1, everything, change(wantV1, func(r *readings) { r.WorkingSet = 30000000 })},
		"nothing known of itself": {"", v1(""), wantV1},
		"v2 without a limit":      {"0::/\n", with(v2(""), "/memory.max", "max\n"), change(wantV2, func(r *readings) { r.Limit = 0 })},
		"v1 without a limit": {selfV1, with(v1(""), "memory/memory.limit_in_bytes", "9223372036854771712\n"),
			change(wantV1, func(r *readings) { r.Limit = 0 })},
		"more cache than memory": {"0::/\n", with(v2(""), "/memory.current", "10\n"), change(wantV2, func(r *readings) { r.WorkingSet = 0 })},
		"a negative number": {"0::/\n", with(v2(""), "/memory.current", "-5\n"),
			change(wantV2, func(r *readings) { r.WorkingSet, r.Unreadable = 0, true })},
		"a list without an end": {"0::/\n", with(v2(""), "/cgroup.procs", strings.Repeat("1\n", maxGroupFile)),
			change(wantV2, func(r *readings) { r.Processes = maxGroupFile / 2 })},
		"nothing": {selfV1, nil, readings{Unreadable: true}},
	} {
		dir := t.TempDir()
		support.WriteFiles(t, dir, test.files)
		if diff := cmp.Diff(test.want, read(controlGroup{dir: dir, self: test.self})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The group of this very process, whatever the machine has: that its files are found is not to depend on fixtures alone.
func TestUsageOfThisMachine(t *testing.T) {
	got := read(newControlGroup("/sys/fs/cgroup"))
	if got.Unreadable || got.WorkingSet == 0 || got.CPU == 0 || got.Processes == 0 {
		t.Errorf("got %+v", got)
	}
}

func TestOutOfMemoryNeedsBothTheSignalAndTheCounter(t *testing.T) {
	killed, exited := syscall.WaitStatus(9), syscall.WaitStatus(137<<8)
	for name, test := range map[string]struct {
		status        syscall.WaitStatus
		before, after int64
		want          bool
	}{
		"killed and counted": {killed, 1, 2, true},
		"counted before":     {killed, 1, 1, false},
		"exited":             {exited, 1, 2, false},
	} {
		if got := outOfMemory(test.status, test.before, test.after); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestUsage(t *testing.T) {
	r, server, secret := newTestServer(t)
	observer, err := runnerapi.ObserverToken(secret.Hash(), "uid")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (int, runnerapi.Usage) {
		status, body := request(t, "GET", server.URL+runnerapi.PathUsage, "Bearer "+observer, "", "")
		var usage runnerapi.Usage
		if err := json.Unmarshal([]byte(body), &usage); status == http.StatusOK && err != nil {
			t.Fatal(err)
		}
		return status, usage
	}
	r.group = controlGroup{dir: t.TempDir()}
	if status, _ := ask(); status != http.StatusServiceUnavailable {
		t.Errorf("status %d without a control group, want 503", status)
	}
	support.WriteFiles(t, r.group.dir, v2(""))
	status, idle := ask()
	want := runnerapi.Usage{MemoryBytes: 70000000, MemoryLimitBytes: 536870912, CPUMicros: 1234567, Processes: 3, At: idle.At}
	if diff := cmp.Diff(want, idle); status != http.StatusOK || diff != "" {
		t.Errorf("status %d, usage differs (-want +got):\n%s", status, diff)
	}
	r.job = newJob(runnerapi.Assignment{ID: "instance"}, nil, r.started)
	if _, busy := ask(); busy.AssignmentID != "instance" || busy.At < idle.At || idle.At < r.started.UnixMicro() {
		t.Errorf("at %d and then %+v", idle.At, busy)
	}
}
