package runner_test

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runner"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

// stage hands files over, not to be run yet.
func (p *pod) stage(files map[string]string, change ...func(*runnerapi.Assignment)) *handover.Staged {
	p.t.Helper()
	staged, err := p.client().Stage(p.t.Context(), p.target, p.assignment(change...), pack(p.t, files))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(staged.Close)
	return staged
}

func (p *pod) run(staged *handover.Staged) runnerapi.Result {
	p.t.Helper()
	result, err := staged.Run(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

func (p *pod) state() runnerapi.Result {
	p.t.Helper()
	state, err := p.client().State(p.t.Context(), p.target)
	if err != nil {
		p.t.Fatal(err)
	}
	return state
}

// preloaded waits until everything is preloaded.
func (p *pod) preloaded() {
	p.t.Helper()
	if err := p.client().Preloaded(p.t.Context(), p.target); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pod) write(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(content), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// A pod may lose its claim after it was given the code: nothing of that may have been executed then.
func TestStagedCodeIsNotExecutedBeforeItIsToBe(t *testing.T) {
	// Whatever is executed tells whether it was to be.
	witness := "import os\nopen(os.environ['WITNESS'], 'a').write(f'{__name__} {os.path.exists(os.environ[\"TOLD\"])}\\n')\n"
	for name, test := range map[string]struct {
		files       []string
		env         func(*pod) []runnerapi.EnvVar
		interpreter runnerapi.Interpreter
		want        string
	}{
		// What staging itself might import, were the project's folder where it looks.
		"forked": {
			files:       []string{"packaging/markers.py", "tomllib.py", "ast.py", "uvicorn.py"},
			interpreter: runnerapi.InterpreterForked, want: "main True\n",
		},
		// With this, an interpreter executes the project's code when it starts.
		"fresh": {
			env: func(p *pod) []runnerapi.EnvVar {
				return []runnerapi.EnvVar{{Name: "PYTHONPATH", Value: fakePath(p.t) + ":" + p.path("app")}}
			},
			files:       []string{"sitecustomize.py", "uvicorn.py"},
			interpreter: runnerapi.InterpreterFresh, want: "sitecustomize True\nmain True\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPod(t)
			p.preloaded()
			env := []runnerapi.EnvVar{{Name: "WITNESS", Value: p.path("witness")}, {Name: "TOLD", Value: p.path("told")}}
			if test.env != nil {
				env = append(env, test.env(p)...)
			}
			files := map[string]string{
				"main.py":          witness + asgi("", "'up'"),
				"requirements.txt": "missing; python_version > '3'\n", "pyproject.toml": "[project]\n",
			}
			for _, name := range test.files {
				files[name] = witness
			}
			staged := p.stage(files, func(a *runnerapi.Assignment) { a.Env = env })
			state := p.state()
			if state.State != runnerapi.StateStaged || !state.CodeLoaded || !state.Preloaded || state.Interpreter != test.interpreter {
				t.Errorf("state is %+v", state)
			}
			if conn, err := net.Dial("tcp", "127.0.0.1:"+itoa(p.port)); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("the port of what is only staged gave %v, %v", conn, err)
			}
			// What would be executed too soon would be by then.
			support.Eventually(t, "the process waits to be told", func() bool {
				return !slices.ContainsFunc(children(t, p.cmd.Process.Pid), func(stat string) bool { return !strings.Contains(stat, ") S ") })
			})
			p.write("told", "")
			if result := p.run(staged); result.State != runnerapi.StateServing {
				t.Fatalf("got %+v", result)
			}
			if body := p.get("/"); body != "up" {
				t.Errorf("the application answered %q", body)
			}
			data, err := os.ReadFile(p.path("witness"))
			if diff := cmp.Diff(test.want, string(data)); err != nil || diff != "" {
				t.Errorf("error %v, executed (-want +got):\n%s", err, diff)
			}
		})
	}
}

// Managers repeat calls whose answers were lost, and another manager may have made some of them.
func TestCallsMayBeRepeated(t *testing.T) {
	p := startPod(t)
	files := map[string]string{"main.py": asgi("", "os.getpid()")}
	another := func(a *runnerapi.Assignment) { a.ID = "another" }
	first, second := p.stage(files), p.stage(files)
	if _, err := p.client().Stage(t.Context(), p.target, p.assignment(another), pack(t, files)); !errors.Is(err, handover.ErrConflict) {
		t.Errorf("staging another assignment: got %v, want ErrConflict", err)
	}
	if _, err := p.tryAssign(p.assignment(another), pack(t, files)); !errors.Is(err, handover.ErrConflict) {
		t.Errorf("another assignment: got %v, want ErrConflict", err)
	}
	if err := p.client().Preloaded(t.Context(), p.target); !errors.Is(err, handover.ErrConflict) {
		t.Errorf("a pool asks for a runner that has staged code: got %v, want ErrConflict", err)
	}
	if state := p.state(); state.State != runnerapi.StateStaged {
		t.Fatalf("state is %+v", state)
	}
	// A manager that knows nothing of the staging hands over as ever.
	want := p.assign(files)
	pid := p.get("/")
	for name, got := range map[string]runnerapi.Result{"run": p.run(first), "run again": p.run(second), "staged again and run": p.run(p.stage(files))} {
		if diff := cmp.Diff(want, got); diff != "" || got.State != runnerapi.StateServing {
			t.Errorf("%s: result differs (-want +got):\n%s", name, diff)
		}
	}
	if again := p.get("/"); again != pid {
		t.Errorf("process %s answers instead of %s", again, pid)
	}
}

func TestProjectsThatCannotBeStaged(t *testing.T) {
	p := startPod(t)
	listener, err := net.Listen("tcp4", ":"+itoa(p.port))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	exit := int32(1)
	want := &runnerapi.Failure{Reason: runnerapi.ReasonStartupFailed, Message: "port " + itoa(p.port) + " cannot be bound: Address already in use", ExitCode: &exit}
	result := p.run(p.stage(map[string]string{"main.py": asgi("", "1")}))
	if diff := cmp.Diff(want, result.Failure); diff != "" {
		t.Errorf("failure differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, p.terminationLog()); diff != "" {
		t.Errorf("termination log differs (-want +got):\n%s", diff)
	}
}

// Code that nobody wants to be run must not stay.
func TestStagedCodeThatIsNeverRun(t *testing.T) {
	for name, env := range map[string][]runnerapi.EnvVar{"forked": nil, "fresh": {{Name: "PYTHONHASHSEED", Value: "7"}}} {
		t.Run(name, func(t *testing.T) {
			p := startPodWith(t, func(o *runner.Options) { o.RunPatience = 50 * time.Millisecond })
			p.stage(map[string]string{"main.py": asgi("", "1")}, func(a *runnerapi.Assignment) { a.Env = env })
			want := &runnerapi.Failure{Reason: runnerapi.ReasonNotRun, Message: "the code was staged, and the pod not told to run it within 50ms"}
			if diff := cmp.Diff(want, p.terminationLog()); diff != "" || p.exitCode() != 1 {
				t.Errorf("exit code %d, termination log differs (-want +got):\n%s", p.exitCode(), diff)
			}
		})
	}
}

func TestStopOfWhatIsOnlyStaged(t *testing.T) {
	p := startPod(t)
	p.stage(map[string]string{"main.py": asgi("", "1")})
	p.terminate()
	if code := p.exitCode(); code != 143 {
		t.Errorf("exit code %d, want 143", code)
	}
}

func TestRunAwaitsTheMemoryLimit(t *testing.T) {
	const mib = "1048576"
	resized := func(a *runnerapi.Assignment) { a.MemoryLimitMB, a.AwaitMemoryLimit = 512, true }
	files := map[string]string{"main.py": asgi("limit = open('../cgroup/memory.max').read()", "limit")}
	t.Run("in time", func(t *testing.T) {
		p := startPod(t)
		p.write("cgroup/memory.max", mib)
		staged, results := p.stage(files, resized), make(chan runnerapi.Result)
		go func() { results <- p.run(staged) }()
		support.Eventually(t, "the code is to be run", func() bool { return p.state().State == runnerapi.StateStarting })
		p.write("cgroup/memory.new", "536870912")
		if err := os.Rename(p.path("cgroup/memory.new"), p.path("cgroup/memory.max")); err != nil {
			t.Fatal(err)
		}
		if result := <-results; result.State != runnerapi.StateServing {
			t.Fatalf("got %+v", result)
		}
		if limit := p.get("/"); limit != "536870912" {
			t.Errorf("the application was started under a limit of %s", limit)
		}
	})
	t.Run("never", func(t *testing.T) {
		p := startPodWith(t, func(o *runner.Options) { o.MemoryLimitPatience = 50 * time.Millisecond })
		p.write("cgroup/memory.max", mib)
		want := &runnerapi.Failure{Reason: runnerapi.ReasonStartupTimeout, Message: "the memory limit is 1 MiB and did not become memoryLimitMB, 512, within 50ms"}
		if diff := cmp.Diff(want, p.assign(files, resized).Failure); diff != "" {
			t.Errorf("failure differs (-want +got):\n%s", diff)
		}
	})
}

func TestSourcesThatChangeAfterStaging(t *testing.T) {
	p := startPod(t)
	staged := p.stage(map[string]string{"main.py": asgi("from words import word", "word"), "words.py": "word = 'old'", "unused.py": "("})
	// As long as before, and written before the clock of the file system moves, for all that is known.
	p.write("app/words.new", "word = 'new'")
	if err := os.Rename(p.path("app/words.new"), p.path("app/words.py")); err != nil {
		t.Fatal(err)
	}
	if result := p.run(staged); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	if body := p.get("/"); body != "new" {
		t.Errorf("the application answered %q", body)
	}
}

func TestPreloadedModules(t *testing.T) {
	p := startPod(t, runnerapi.EnvPreload+"=wave,missing_module,this")
	p.preloaded()
	before := "loaded = {'wave', 'this', 'tomllib'} & set(sys.modules)"
	if result := p.run(p.stage(map[string]string{"main.py": asgi(before, "sorted(loaded)")})); result.State != runnerapi.StateServing {
		t.Fatalf("got %+v", result)
	}
	if body := p.get("/"); body != "['this', 'wave']" {
		t.Errorf("the application found %s loaded", body)
	}
}

// What is imported by a warm pod, and by no other, makes way for others, and what a project imports never does.
func TestWarmPodsAreCourteous(t *testing.T) {
	for env, want := range map[string]string{runnerapi.EnvWarm + "=true": "(True, False)", runnerapi.EnvWarm + "=": "(False, False)"} {
		p := startPod(t, env, runnerapi.EnvPreload+"=first_finder")
		p.preloaded()
		before := "import first_finder\nnow = type(sys.meta_path[0]).__name__ == 'Courtesy'"
		if result := p.run(p.stage(map[string]string{"main.py": asgi(before, "(first_finder.courteous, now)")})); result.State != runnerapi.StateServing {
			t.Fatalf("got %+v", result)
		}
		if body := p.get("/"); body != want {
			t.Errorf("with %s preloading and the application are courteous: %s, want %s", env, body, want)
		}
	}
}

func TestPreloadedModuleNamesAreChecked(t *testing.T) {
	p := startPod(t, runnerapi.EnvPreload+"=os;evil")
	if p.exitCode(); !strings.Contains(p.output.String(), runnerapi.EnvPreload+`: "os;evil" is not the name of a module`) {
		t.Error("the runner did not say what is wrong with its modules")
	}
}

// What a project does cannot reach the interpreter that was preloaded, which has ended, and no two of them share anything
// that was drawn at random.
func TestNothingIsSharedBetweenApplications(t *testing.T) {
	before := `import random, secrets, ssl, uuid
drawn = [random.random(), secrets.token_hex(), str(uuid.uuid4()), hash("x"), os.urandom(8).hex(), ssl.RAND_bytes(8).hex()]`
	var all []string
	for range 2 {
		p := startPod(t)
		p.preloaded()
		if result := p.run(p.stage(map[string]string{"main.py": asgi(before, `[os.getppid(), os.getsid(0) == os.getpid(), *drawn]`)})); result.State != runnerapi.StateServing {
			t.Fatalf("got %+v", result)
		}
		words := strings.Split(strings.Trim(p.get("/"), "[]"), ", ")
		if len(words) != 8 || words[0] != itoa(int32(p.cmd.Process.Pid)) || words[1] != "True" {
			t.Fatalf("of runner %d: parent, own session and what was drawn are %q", p.cmd.Process.Pid, words)
		}
		all = append(all, words[2:]...)
	}
	seen := map[string]bool{}
	for _, word := range all {
		if seen[word] {
			t.Errorf("%s was drawn twice in %q", word, all)
		}
		seen[word] = true
	}
}
