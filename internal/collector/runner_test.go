package collector

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runner"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
)

// envRunner makes the test's own program a runner, which has to be a process of its own.
const envRunner = "PREVIEW_COLLECTOR_TEST_RUNNER"

func TestMain(m *testing.M) {
	encoded := os.Getenv(envRunner)
	if encoded == "" {
		os.Exit(m.Run())
	}
	var options runner.Options
	if err := json.Unmarshal([]byte(encoded), &options); err != nil {
		panic(err)
	}
	r, err := runner.New(options)
	if err != nil {
		panic(err)
	}
	code, err := r.Run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// container is what a container runtime and the kubelet make of a runner: the log of its output, of which only what came
// after the last rotation can be read.
type container struct {
	rotateAt int
	// dir is the workspace of the application, and pid the runner's.
	dir string
	pid int

	mu        sync.Mutex
	log       bytes.Buffer
	rotations int
}

func (c *container) take(output io.Reader) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			c.mu.Lock()
			if c.log.Len() > c.rotateAt {
				c.log.Reset()
				c.rotations++
			}
			c.log.WriteString(time.Now().UTC().Format(time.RFC3339Nano) + " ")
			c.log.Write(line)
			c.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

func (c *container) State(context.Context, Run) (PodState, error) { return PodActive, nil }

func (c *container) Log(context.Context, Run) (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return io.NopCloser(bytes.NewReader(bytes.Clone(c.log.Bytes()))), nil
}

// start runs a runner and hands it an application.
func (c *container) start(t testing.TB, source string) Run {
	t.Helper()
	secret, err := runnerapi.DeriveSecret(bytes.Repeat([]byte{1}, 32), "previews", "pod")
	if err != nil {
		t.Fatal(err)
	}
	fake, err := filepath.Abs("../runner/testdata/fake")
	if err != nil {
		t.Fatal(err)
	}
	c.dir = t.TempDir()
	dir := c.dir
	control, port := support.FreeAddress(t), support.FreePort(t)
	// The smallest limit has the smallest journal.
	if err := os.WriteFile(filepath.Join(dir, "memory.max"), []byte("33554432\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	options, err := json.Marshal(runner.Options{
		SecretHash: secret.Hash(), PodUID: "uid", Address: control, WorkspaceDir: dir, TerminationLog: filepath.Join(dir, "log"),
		CgroupDir: dir, Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "PYTHONPATH=" + fake}, LastAck: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRunner+"="+string(options))
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.pid = cmd.Process.Pid
	go c.take(output)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	run := Run{UID: runUID, Namespace: "previews", Since: time.Now(), Target: handover.Target{PodName: "pod", PodUID: "uid", Address: control, Secret: secret}}
	code, _, err := archive.Pack(map[string][]byte{"main.py": []byte(source)})
	if err != nil {
		t.Fatal(err)
	}
	client, err := handover.New(handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result, err := client.Assign(ctx, run.Target, runnerapi.Assignment{
		ID: "run", Port: port, StartupTimeoutSeconds: int32(patience / time.Second), Limits: runnerapi.ArchiveLimits(archive.DefaultLimits()),
	}, code)
	if err != nil || result.State != runnerapi.StateServing {
		t.Fatalf("the application does not serve: %v, %+v", err, result)
	}
	return run
}

// 300,000 lines through a real runner, of which the first third was printed before anybody read, while collectors come and
// go and the log of the container is rotated.
func TestEachOf300000LinesOnce(t *testing.T) {
	const lines = 300_000
	source := `import os, sys, threading, time
def work():
    for n in range(1, 300_001):
        if n == 100_001:
            sys.stderr.write("100001 waits until somebody reads\n")
            while not os.path.exists("../read"):
                time.sleep(0.005)
        else:
            (sys.stdout, sys.stderr)[n % 2].write(f"{n} is the number of this line, which is as long as one of uvicorn's\n")
    os._exit(0)
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    threading.Thread(target=work).start()
    await receive()
`
	c := &container{rotateAt: 10 << 20}
	run := c.start(t, source)
	support.Eventually(t, "a third is printed", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return bytes.Contains(c.log.Bytes()[max(c.log.Len()-200, 0):], []byte("100001 waits"))
	})
	m := newMemory()
	m.before = every(40, func() error { return errCrash })
	collectors := 0
	for begun := time.Now(); !m.state(runUID).Complete; collectors++ {
		if time.Since(begun) > 2*patience {
			t.Fatalf("%d lines are stored after %s", len(m.of(runUID, store.SourceSubprocess)), time.Since(begun))
		}
		collector := newCollector(t, m, c)
		collector.Follow(run)
		enough := count(m) + 30_000
		support.Eventually(t, "more lines are stored", func() bool { return count(m) >= min(enough, lines) || m.state(runUID).Complete })
		if err := os.WriteFile(filepath.Join(c.dir, "read"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if count(m) >= lines {
			finished(t, collector)
		}
		collector.Close()
	}
	if c.rotations < 2 || collectors < 5 {
		t.Errorf("%d rotations and %d collectors, want more", c.rotations, collectors)
	}
	printed := 0
	for i, line := range m.of(runUID, store.SourceSubprocess) {
		if line.Seq != int64(i+1) {
			t.Fatalf("the line after number %d is %d", i, line.Seq)
		}
		text, _, _ := strings.Cut(line.Message, " ")
		n, err := strconv.Atoi(text)
		if err != nil {
			// One of uvicorn's.
			continue
		}
		if printed++; n != printed {
			t.Fatalf("the line after %d is %q", printed-1, line.Message)
		}
	}
	if printed != lines {
		t.Errorf("%d lines are stored", printed)
	}
	if diff := cmp.Diff(store.LogState{Complete: true}, m.state(runUID)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func count(m *memory) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.lines)
}
