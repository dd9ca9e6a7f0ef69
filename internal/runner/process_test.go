package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runner"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

const (
	podUID = "7d6e"
	// envOptions makes the test's own program a runner: it has to be a process of its own, for it waits for all of its
	// children and ends with an application's exit code.
	envOptions = "PREVIEW_RUNNER_TEST_OPTIONS"
	// patience bounds waits that do not take long unless something is broken.
	patience = 2 * time.Minute
	// lastAck is how long runners of tests wait for a collector that was seen: all of them end by themselves.
	lastAck = patience
)

func TestMain(m *testing.M) {
	encoded := os.Getenv(envOptions)
	if encoded == "" {
		os.Exit(m.Run())
	}
	var options runner.Options
	if err := json.Unmarshal([]byte(encoded), &options); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	r, err := runner.New(options)
	if err != nil {
		panic(err)
	}
	code, err := r.Run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// pod is a runner as a process, with the fake uvicorn unless a test says otherwise.
type pod struct {
	t      *testing.T
	dir    string
	cmd    *exec.Cmd
	target handover.Target
	port   int32
	output support.Buffer
	exited chan struct{}
}

// startPod starts a runner whose children get env on top of the fake uvicorn in PYTHONPATH.
func startPod(t *testing.T, env ...string) *pod {
	t.Helper()
	return startPodWith(t, func(*runner.Options) {}, env...)
}

func startPodWith(t *testing.T, change func(*runner.Options), env ...string) *pod {
	t.Helper()
	secret, err := runnerapi.DeriveSecret(bytes.Repeat([]byte{1}, 32), "previews", "pod")
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{"PATH=" + os.Getenv("PATH"), "HOME=/", "PREVIEW_RUNNER_SECRET_SHA256=x"}
	if !slices.ContainsFunc(env, func(entry string) bool { return strings.HasPrefix(entry, "PYTHONPATH=") }) {
		// Of two, programs disagree on which one counts.
		environ = append(environ, "PYTHONPATH="+fakePath(t))
	}
	environ = append(environ, env...)
	p := &pod{t: t, dir: t.TempDir(), port: support.FreePort(t), exited: make(chan struct{})}
	address := support.FreeAddress(t)
	p.target = handover.Target{PodName: "pod", PodUID: podUID, Address: address, Secret: secret}
	options := runner.Options{
		SecretHash: secret.Hash(), PodUID: podUID, Address: address, WorkspaceDir: p.dir,
		TerminationLog: p.path("termination-log"), CgroupDir: p.path("cgroup"),
		Environ: environ, LastAck: lastAck,
	}
	change(&options)
	encoded, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.path("cgroup"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), envOptions+"="+string(encoded))
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		// The status is read from ProcessState.
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		p.exitCode()
		if t.Failed() {
			t.Logf("output of the pod:\n%s", p.output.String())
		}
	})
	return p
}

// fakePath is where the fake uvicorn is.
func fakePath(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("testdata/fake")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (p *pod) path(name string) string { return filepath.Join(p.dir, name) }

// exitCode waits for the end of the runner.
func (p *pod) exitCode() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.exited
		p.t.Error("the runner did not exit")
	}
	return p.cmd.ProcessState.ExitCode()
}

// assignment for this pod; files are name, content, name, content, …
func (p *pod) assignment(change ...func(*runnerapi.Assignment)) runnerapi.Assignment {
	assignment := runnerapi.Assignment{
		ID: "instance", Port: p.port, StartupTimeoutSeconds: int32(patience / time.Second), MemoryLimitMB: 256,
		Limits: runnerapi.ArchiveLimits(archive.DefaultLimits()),
	}
	for _, c := range change {
		c(&assignment)
	}
	return assignment
}

func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	contents := map[string][]byte{}
	for name, content := range files {
		contents[name] = []byte(content)
	}
	code, _, err := archive.Pack(contents)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// assign hands files over.
func (p *pod) assign(files map[string]string, change ...func(*runnerapi.Assignment)) runnerapi.Result {
	p.t.Helper()
	result, err := p.tryAssign(p.assignment(change...), pack(p.t, files))
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

func (p *pod) tryAssign(assignment runnerapi.Assignment, code []byte) (runnerapi.Result, error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	return p.client().Assign(ctx, p.target, assignment, code)
}

func (p *pod) client() *handover.Client {
	p.t.Helper()
	client, err := handover.New(handover.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	return client
}

// get asks the application.
func (p *pod) get(path string) string {
	p.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", p.port, path))
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

// terminationLog waits for the end and returns what it left for the kubelet.
func (p *pod) terminationLog() *runnerapi.Failure {
	p.t.Helper()
	p.exitCode()
	data, err := os.ReadFile(p.path("termination-log"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var failure runnerapi.Failure
	if err != nil || len(data) > 4096 || json.Unmarshal(data, &failure) != nil {
		p.t.Fatalf("termination log: %v: %s", err, data)
	}
	return &failure
}

// children of a process, by /proc.
func children(t *testing.T, pid int) (stats []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// pid (comm) state ppid
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			stats = append(stats, string(data))
		}
	}
	return stats
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
