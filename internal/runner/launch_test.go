package runner_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

// asgi is an application that answers with an expression, and prints when it is told to stop.
func asgi(before, expression string) string {
	return `import os, sys
` + before + `
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("application stopped")
        return
    body = str(` + expression + `).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
`
}

func TestServes(t *testing.T) {
	p := startPod(t)
	files := map[string]string{"app/__init__.py": "", "app/main.py": asgi("from .texts import greeting", "greeting"), "app/texts.py": "greeting = 'hello'"}
	got := p.assign(files)
	want := runnerapi.Result{
		AssignmentID: "instance", State: runnerapi.StateServing, CodeLoaded: true, Entrypoint: "app.main:app",
		Interpreter: runnerapi.InterpreterForked,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(runnerapi.Result{}, "Timings", "Preloaded")); diff != "" {
		t.Errorf("result differs (-want +got):\n%s", diff)
	}
	if body := p.get("/"); body != "hello" {
		t.Errorf("the application answered %q", body)
	}

	if again := p.assign(files); again.State != runnerapi.StateServing {
		t.Errorf("the same assignment again: %+v", again)
	}
	other := p.assignment(func(a *runnerapi.Assignment) { a.ID = "other" })
	if _, err := p.tryAssign(other, pack(t, files)); !errors.Is(err, handover.ErrConflict) {
		t.Errorf("another assignment: got %v, want ErrConflict", err)
	}
	client, err := handover.New(handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := client.State(t.Context(), p.target); err != nil || state.State != runnerapi.StateServing {
		t.Errorf("state is %+v, error %v", state, err)
	}

	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(); code != 143 {
		t.Errorf("exit code %d after SIGTERM, want 143", code)
	}
	if !strings.Contains(p.output.String(), "application stopped") {
		t.Error("the application was not stopped gracefully")
	}
	if failure := p.terminationLog(); failure != nil {
		t.Errorf("a pod that was stopped left the failure %+v", failure)
	}
}

func TestEnvironmentOfTheApplication(t *testing.T) {
	expression := `"|".join([os.getcwd(), *(f"{k}={os.environ.get(k)}" for k in ("A", "PORT", "PYTHONUNBUFFERED", "PYTHONHASHSEED", "HOME")), *(k for k in os.environ if k.startswith("PREVIEW"))])`
	for name, env := range map[string][]runnerapi.EnvVar{
		"forked": {{Name: "A", Value: "b=c"}},
		// Python reads this one when it starts: no fork would notice.
		"fresh": {{Name: "A", Value: "b=c"}, {Name: "PYTHONHASHSEED", Value: "7"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPod(t)
			before := "seed = hash('x')"
			result := p.assign(map[string]string{"main.py": asgi(before, expression)}, func(a *runnerapi.Assignment) { a.Env = env })
			if result.State != runnerapi.StateServing {
				t.Fatalf("got %+v", result)
			}
			seed := "None"
			if name == "fresh" {
				seed = "7"
			}
			want := strings.Join([]string{p.path("app"), "A=b=c", "PORT=" + itoa(p.port), "PYTHONUNBUFFERED=1", "PYTHONHASHSEED=" + seed, "HOME=" + os.TempDir()}, "|")
			if got := p.get("/"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	exit := func(code int32) *int32 { return &code }
	for name, test := range map[string]struct {
		files  map[string]string
		change func(*runnerapi.Assignment)
		want   runnerapi.Failure
		code   int
		output string
	}{
		"import error": {
			files: map[string]string{"main.py": asgi("import missing_package", "1"), "requirements.txt": "missing-package==1.0  # no\nuvicorn\n"},
			want: runnerapi.Failure{Reason: runnerapi.ReasonImportError, ExitCode: exit(1),
				Message: "ModuleNotFoundError: No module named 'missing_package' (main.py, line 2); requirements.txt names packages this image lacks: missing-package, uvicorn"},
			code: 1, output: "preview: WARNING: requirements.txt names packages this image lacks: missing-package, uvicorn\nTraceback (most recent call last):\n  File \"{app}/main.py\", line 2, in <module>\n",
		},
		"syntax error": {
			files: map[string]string{"main.py": "app = FastAPI(\n"},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonImportError, Message: "SyntaxError: '(' was never closed (main.py, line 1)", ExitCode: exit(1)},
			code:  1, output: "SyntaxError: '(' was never closed",
		},
		"no application": {
			files: map[string]string{"main.py": "print('hello')"},
			want: runnerapi.Failure{Reason: runnerapi.ReasonEntrypointNotFound, ExitCode: exit(1),
				Message: "no application was found in main.py. Name it as entrypoint, module:attribute"},
			code: 1,
		},
		"no Python": {
			files: map[string]string{"index.js": "app"},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonEntrypointNotFound, Message: "the project has no Python files", ExitCode: exit(1)},
			code:  1,
		},
		"wrong attribute": {
			files:  map[string]string{"main.py": asgi("", "1")},
			change: func(a *runnerapi.Assignment) { a.Entrypoint = "main:application" },
			want:   runnerapi.Failure{Reason: runnerapi.ReasonEntrypointNotFound, Message: "entrypoint main:application: application is missing", ExitCode: exit(1)},
			code:   1,
		},
		"wrong module": {
			files:  map[string]string{"main.py": asgi("", "1")},
			change: func(a *runnerapi.Assignment) { a.Entrypoint = "server:app" },
			want:   runnerapi.Failure{Reason: runnerapi.ReasonEntrypointNotFound, Message: "entrypoint server:app: the project has no module server", ExitCode: exit(1)},
			code:   1,
		},
		"no application by that name": {
			files:  map[string]string{"main.py": "app = 5"},
			change: func(a *runnerapi.Assignment) { a.Entrypoint = "main:app" },
			want:   runnerapi.Failure{Reason: runnerapi.ReasonEntrypointNotFound, Message: "entrypoint main:app: app is a int, not an ASGI or WSGI application", ExitCode: exit(1)},
			code:   1,
		},
		"factory fails": {
			files: map[string]string{"main.py": "def create_app():\n    raise ValueError('no settings')\n"},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonStartupFailed, Message: "main:create_app(): ValueError: no settings", ExitCode: exit(1)},
			code:  1, output: "line 2, in create_app\n",
		},
		"start-up fails": {
			files: map[string]string{"main.py": "async def app(scope, receive, send):\n    await send({'type': 'lifespan.startup.failed', 'message': 'Traceback\\n\\nOSError: no database\\n'})\n"},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonStartupFailed, Message: "the application's start-up failed: OSError: no database", ExitCode: exit(1)},
			code:  1,
		},
		"never listens": {
			files:  map[string]string{"main.py": asgi("import time\ntime.sleep(1000)", "1")},
			change: func(a *runnerapi.Assignment) { a.StartupTimeoutSeconds = 1 },
			want:   runnerapi.Failure{Reason: runnerapi.ReasonStartupTimeout, Message: "the application did not accept connections on port {port} within 1 s"},
			code:   1,
		},
		"exits while imported": {
			files: map[string]string{"main.py": asgi("sys.exit(3)", "1")},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonAppExited, Message: "the application exited while it started: SystemExit: 3", ExitCode: exit(3)},
			code:  3,
		},
		"vanishes while imported": {
			files: map[string]string{"main.py": asgi("os._exit(0)", "1")},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonAppExited, Message: "the application exited with code 0", ExitCode: exit(0)},
			code:  1,
		},
		"killed": {
			files: map[string]string{"main.py": asgi("os.kill(os.getpid(), 9)", "1")},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonAppExited, Message: "the application was ended by signal 9 (killed)", ExitCode: exit(137)},
			code:  137,
		},
		"out of memory": {
			files: map[string]string{"main.py": asgi("open('../cgroup/memory.events', 'w').write('oom 1\\noom_kill 1\\n')\nos.kill(os.getpid(), 9)", "1")},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonOOMKilled, Message: "the application used more memory than its limit of 256 MiB", ExitCode: exit(137)},
			code:  137,
		},
		"port taken by itself": {
			files: map[string]string{"main.py": asgi("import socket\ns = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))", "1")},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonStartupFailed, Message: "port {port} cannot be bound: Address already in use", ExitCode: exit(1)},
			code:  1,
		},
		"claims to listen": {
			files: map[string]string{"main.py": "import os, json, time\nos.write(4, json.dumps({'event': 'listening'}).encode() + b'\\n')\ntime.sleep(1000)\napp = 1\n"},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonStartupFailed, Message: "the application does not listen on port {port}", ExitCode: exit(137)},
			code:  137,
		},
		"claims a reason": {
			files: map[string]string{"main.py": "import os, json\nos.write(4, json.dumps({'event': 'failed', 'reason': 'OOMKilled', 'message': 'x\\n' * 5000}).encode() + b'\\n')\nos._exit(0)\napp = 1\n"},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonStartupFailed, Message: strings.Repeat("x ", 499) + "x…", ExitCode: exit(0)},
			code:  1,
		},
		"floods": {
			files: map[string]string{"main.py": "import os\ntry:\n    while True: os.write(4, b'x' * 100000)\nexcept OSError: os._exit(9)\napp = 1\n"},
			want:  runnerapi.Failure{Reason: runnerapi.ReasonAppExited, Message: "the application exited with code 9", ExitCode: exit(9)},
			code:  9,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPod(t)
			change := test.change
			if change == nil {
				change = func(*runnerapi.Assignment) {}
			}
			result := p.assign(test.files, change)
			want := test.want
			want.Message = strings.ReplaceAll(want.Message, "{port}", itoa(p.port))
			if diff := cmp.Diff(&want, result.Failure); result.State != runnerapi.StateFailed || !result.CodeLoaded || diff != "" {
				t.Errorf("state %s, code loaded %t, failure differs (-want +got):\n%s", result.State, result.CodeLoaded, diff)
			}
			if code := p.exitCode(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if diff := cmp.Diff(&want, p.terminationLog()); diff != "" {
				t.Errorf("termination log differs (-want +got):\n%s", diff)
			}
			if output := strings.ReplaceAll(test.output, "{app}", p.path("app")); !strings.Contains(p.output.String(), output) {
				t.Errorf("the output lacks %q", output)
			}
		})
	}
}

func TestEndAfterTheStart(t *testing.T) {
	p := startPod(t)
	if result := p.assign(map[string]string{"main.py": asgi("import threading", "threading.Timer(0, os._exit, [5]).start()")}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	// Whether there is an answer to this does not matter.
	if response, err := http.Get("http://127.0.0.1:" + itoa(p.port)); err == nil {
		response.Body.Close()
	}
	code := int32(5)
	want := &runnerapi.Failure{Reason: runnerapi.ReasonAppExited, Message: "the application exited with code 5", ExitCode: &code}
	if diff := cmp.Diff(want, p.terminationLog()); diff != "" || p.exitCode() != 5 {
		t.Errorf("exit code %d, termination log differs (-want +got):\n%s", p.exitCode(), diff)
	}
}

func TestImageThatCannotRunApplications(t *testing.T) {
	for name, test := range map[string]struct{ env, message string }{
		"without uvicorn": {"PYTHONPATH=/nonexistent", "the image has no usable uvicorn: ModuleNotFoundError: No module named 'uvicorn'"},
		"broken Python":   {"PYTHONHOME=/nonexistent", "the image's Python ended by itself with exit code 1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPod(t, test.env)
			got := p.terminationLog()
			if got == nil || got.Reason != runnerapi.ReasonStartupFailed || got.Message != test.message || p.exitCode() != 1 {
				t.Errorf("exit code %d, failure %+v, want %q", p.exitCode(), got, test.message)
			}
		})
	}
}

func TestRejectedCode(t *testing.T) {
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	w := tar.NewWriter(gz)
	if err := errors.Join(
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "/etc"}), w.Close(), gz.Close(),
	); err != nil {
		t.Fatal(err)
	}
	p := startPod(t)
	result, err := p.tryAssign(p.assignment(), out.Bytes())
	want := &runnerapi.Failure{Reason: runnerapi.ReasonCodeRejected, Message: `archive: "link": symbolic link is not allowed`}
	if diff := cmp.Diff(want, result.Failure); err != nil || result.CodeLoaded || diff != "" {
		t.Errorf("error %v, failure differs (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(want, p.terminationLog()); diff != "" || p.exitCode() != 1 {
		t.Errorf("exit code %d, termination log differs (-want +got):\n%s", p.exitCode(), diff)
	}
}

// The manager may lose its connection, or restart, while the application starts.
func TestAssignmentSurvivesItsConnection(t *testing.T) {
	p := startPod(t)
	before := "import time\nopen('../importing', 'w').close()\nwhile not os.path.exists('../go'): time.sleep(0.005)"
	code := pack(t, map[string]string{"main.py": asgi(before, "1")})
	client, err := handover.New(handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	lost := make(chan error, 1)
	go func() {
		_, err := client.Assign(ctx, p.target, p.assignment(), code)
		lost <- err
	}()
	exists := func(name string) bool { _, err := os.Stat(p.path(name)); return err == nil }
	support.Eventually(t, "the application is being imported", func() bool { return exists("importing") })
	if state, err := client.State(t.Context(), p.target); err != nil || state.State != runnerapi.StateStarting || !state.CodeLoaded {
		t.Errorf("state is %+v, error %v", state, err)
	}
	cancel()
	if err := <-lost; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}

	// Two managers ask now, as during a hand-over of leadership.
	results := make(chan runnerapi.Result, 2)
	for range cap(results) {
		go func() {
			result, err := client.Assign(t.Context(), p.target, p.assignment(), code)
			if err != nil {
				t.Error(err)
			}
			results <- result
		}()
	}
	if err := os.WriteFile(p.path("go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for range cap(results) {
		if result := <-results; result.State != runnerapi.StateServing {
			t.Errorf("got %+v", result)
		}
	}
}

func TestArchiveIsNotFetchedFromTheCluster(t *testing.T) {
	p := startPod(t)
	result, err := p.tryAssign(p.assignment(func(a *runnerapi.Assignment) {
		a.Archive = &runnerapi.RemoteArchive{URL: "http://localhost:1/code.tar.gz", SHA256: strings.Repeat("ab", 32)}
	}), nil)
	if err != nil || result.Failure == nil || result.Failure.Reason != runnerapi.ReasonCodeRejected || !strings.Contains(result.Failure.Message, "address is not allowed") {
		t.Errorf("error %v, failure %+v", err, result.Failure)
	}
}

func TestWSGI(t *testing.T) {
	p := startPod(t)
	source := "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [environ['PATH_INFO'].encode()]\n"
	if result := p.assign(map[string]string{"wsgi.py": source}); result.State != runnerapi.StateServing || result.Entrypoint != "wsgi:application" {
		t.Fatalf("got %+v", result)
	}
	if body := p.get("/path"); body != "/path" {
		t.Errorf("the application answered %q", body)
	}
}

// A module that starts uvicorn itself, without a guard, would block, on a port of its own.
func TestApplicationThatRunsItself(t *testing.T) {
	p := startPod(t)
	source := strings.Replace(asgi("import uvicorn", "2"), "def app(", "def service(", 1) + "\nuvicorn.run(service, port=8000)\n"
	result := p.assign(map[string]string{"run.py": "from fastapi_like import x\napp = None\n" + source, "fastapi_like.py": "x = 1"})
	if result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	if body := p.get("/"); body != "2" {
		t.Errorf("the application answered %q", body)
	}
}

func TestOrphansAreReaped(t *testing.T) {
	p := startPod(t)
	before := `
for _ in range(10):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
`
	if result := p.assign(map[string]string{"main.py": asgi(before, "1")}); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	// The application is left, alone: the interpreter that forked it has ended, and so has everything it left behind.
	support.Eventually(t, "the runner has one child, and it is no zombie", func() bool {
		all := children(t, p.cmd.Process.Pid)
		return len(all) == 1 && !strings.Contains(all[0], ") Z ")
	})
}

func TestStopWithoutAnApplication(t *testing.T) {
	p := startPod(t)
	support.Eventually(t, "the runner listens", func() bool {
		response, err := http.Get("http://" + p.target.Address + runnerapi.PathReadyz)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exitCode(); code != 143 {
		t.Errorf("exit code %d, want 143", code)
	}
}
