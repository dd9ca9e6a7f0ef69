package handover_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

var staged = runnerapi.Result{AssignmentID: "instance", State: runnerapi.StateStaged, CodeLoaded: true}

func bearer(t *testing.T) string { return " Bearer " + string(secretOf(t, "pod")) }

func TestStagedCodeIsRunOnTheConnectionOfTheProof(t *testing.T) {
	runner := newFakeRunner(t)
	var told runnerapi.RunRequest
	runner.run = func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
			t.Error(err)
		}
		writeJSON(w, serving)
	}
	handed, err := newClient(t, handover.Options{}).Stage(t.Context(), runner.target(t), assignment, code)
	if err != nil {
		t.Fatal(err)
	}
	defer handed.Close()
	if diff := cmp.Diff([]string{runnerapi.PathHello + " ", runnerapi.PathStage + bearer(t)}, runner.seen()); diff != "" {
		t.Errorf("requests before the run differ (-want +got):\n%s", diff)
	}
	got, err := handed.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(serving, got); diff != "" || told.ID != "instance" {
		t.Errorf("told to run %q, result differs (-want +got):\n%s", told.ID, diff)
	}
	want := []string{runnerapi.PathHello + " ", runnerapi.PathStage + bearer(t), runnerapi.PathRun + bearer(t)}
	if diff := cmp.Diff(want, runner.seen()); diff != "" || len(runner.peers) != 1 {
		t.Errorf("requests over %d connections differ (-want +got):\n%s", len(runner.peers), diff)
	}
}

// What answers on a new connection may be another pod, or the same runner after a restart, without the code.
func TestRunHandsOverAnewWhenTheConnectionIsLost(t *testing.T) {
	for name, lose := range map[string]func(*fakeRunner){
		"while it is run": func(f *fakeRunner) {
			f.run = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		},
		"before": func(f *fakeRunner) { f.CloseClientConnections() },
	} {
		t.Run(name, func(t *testing.T) {
			runner := newFakeRunner(t)
			handed, err := newClient(t, handover.Options{}).Stage(t.Context(), runner.target(t), assignment, code)
			if err != nil {
				t.Fatal(err)
			}
			defer handed.Close()
			lose(runner)
			got, err := handed.Run(t.Context())
			if diff := cmp.Diff(serving, got); err != nil || diff != "" {
				t.Errorf("error %v, result differs (-want +got):\n%s", err, diff)
			}
			seen := runner.seen()
			want := []string{runnerapi.PathHello + " ", runnerapi.PathAssignment + bearer(t)}
			if diff := cmp.Diff(want, seen[max(len(seen)-2, 0):]); diff != "" || len(runner.peers) != 2 {
				t.Errorf("the last of the requests over %d connections differ (-want +got):\n%s", len(runner.peers), diff)
			}
		})
	}
}

func TestLostRunGoesToNoWrongRunner(t *testing.T) {
	runner := newFakeRunner(t)
	handed, err := newClient(t, handover.Options{}).Stage(t.Context(), runner.target(t), assignment, code)
	if err != nil {
		t.Fatal(err)
	}
	defer handed.Close()
	runner.hello = http.NotFound
	runner.CloseClientConnections()
	if _, err := handed.Run(t.Context()); !errors.Is(err, handover.ErrWrongRunner) {
		t.Errorf("got %v, want ErrWrongRunner", err)
	}
	seen := runner.seen()
	if last := seen[len(seen)-1]; last != runnerapi.PathHello+" " {
		t.Errorf("after the proof failed the runner got %s", last)
	}
}

func TestCodeThatCannotBeStaged(t *testing.T) {
	rejected := runnerapi.Result{AssignmentID: "instance", State: runnerapi.StateFailed, Failure: &runnerapi.Failure{Reason: runnerapi.ReasonCodeRejected}}
	runner := newFakeRunner(t)
	runner.stage = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, rejected) }
	handed, err := newClient(t, handover.Options{}).Stage(t.Context(), runner.target(t), assignment, code)
	if err != nil {
		t.Fatal(err)
	}
	defer handed.Close()
	// It has told already, and is about to exit.
	runner.CloseClientConnections()
	got, err := handed.Run(t.Context())
	if diff := cmp.Diff(rejected, got); err != nil || diff != "" {
		t.Errorf("error %v, result differs (-want +got):\n%s", err, diff)
	}
	if n := len(runner.seen()); n != 2 {
		t.Errorf("%d requests, want hello and one stage", n)
	}
}

func TestAnswersToStageAndRun(t *testing.T) {
	answer := func(state runnerapi.State) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, runnerapi.Result{AssignmentID: "instance", State: state, Failure: &runnerapi.Failure{}})
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		stage, run         http.HandlerFunc
		wantStage, wantRun error
	}{
		"staged":                {},
		"run already":           {stage: answer(runnerapi.StateServing)},
		"being run":             {stage: answer(runnerapi.StateStarting)},
		"still staging":         {stage: answer(runnerapi.StateStaging), wantStage: handover.ErrProtocol},
		"idle":                  {stage: answer(runnerapi.StateIdle), wantStage: handover.ErrProtocol},
		"another assignment":    {stage: status(http.StatusConflict), wantStage: handover.ErrConflict},
		"refused":               {stage: status(http.StatusBadRequest), wantStage: handover.ErrRefused},
		"run is still staged":   {run: answer(runnerapi.StateStaged), wantRun: handover.ErrProtocol},
		"run is still starting": {run: answer(runnerapi.StateStarting), wantRun: handover.ErrProtocol},
		"restarted":             {run: status(http.StatusConflict), wantRun: handover.ErrConflict},
		"unauthorised":          {run: status(http.StatusUnauthorized), wantRun: handover.ErrUnauthorised},
	} {
		t.Run(name, func(t *testing.T) {
			runner := newFakeRunner(t)
			if test.stage != nil {
				runner.stage = test.stage
			}
			if test.run != nil {
				runner.run = test.run
			}
			handed, err := newClient(t, handover.Options{}).Stage(t.Context(), runner.target(t), assignment, code)
			if !errors.Is(err, test.wantStage) {
				t.Fatalf("Stage() = %v, want %v", err, test.wantStage)
			}
			if err != nil {
				return
			}
			defer handed.Close()
			if _, err := handed.Run(t.Context()); !errors.Is(err, test.wantRun) {
				t.Errorf("Run() = %v, want %v", err, test.wantRun)
			}
		})
	}
}

func TestStageEndsWithItsContext(t *testing.T) {
	runner := newFakeRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	runner.stage = func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}
	if _, err := newClient(t, handover.Options{}).Stage(ctx, runner.target(t), assignment, code); !errors.Is(err, handover.ErrUnreachable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want ErrUnreachable and the context's error", err)
	}
}

func TestPreloaded(t *testing.T) {
	idle := runnerapi.Result{State: runnerapi.StateIdle}
	ready := runnerapi.Result{State: runnerapi.StateIdle, Preloaded: true}
	for name, test := range map[string]struct {
		answers []runnerapi.Result
		want    error
	}{
		"at once":       {[]runnerapi.Result{ready}, nil},
		"in the end":    {[]runnerapi.Result{idle, idle, ready}, nil},
		"staged":        {[]runnerapi.Result{{State: runnerapi.StateStaged, AssignmentID: "a", Preloaded: true}}, handover.ErrConflict},
		"taken at last": {[]runnerapi.Result{idle, serving}, handover.ErrConflict},
		"failed":        {[]runnerapi.Result{{State: runnerapi.StateFailed, Failure: &runnerapi.Failure{Message: "no uvicorn"}}}, handover.ErrFailed},
		"nonsense":      {[]runnerapi.Result{{State: runnerapi.StateServing, Preloaded: true}}, handover.ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			runner, asked := newFakeRunner(t), 0
			runner.state = func(w http.ResponseWriter, r *http.Request) {
				if !r.URL.Query().Has(runnerapi.QueryWait) {
					t.Error("the runner was not asked to wait")
				}
				writeJSON(w, test.answers[asked])
				asked++
			}
			err := newClient(t, handover.Options{}).Preloaded(t.Context(), runner.target(t))
			if !errors.Is(err, test.want) || asked != len(test.answers) {
				t.Errorf("got %v after %d answers, want %v", err, asked, test.want)
			}
			if errors.Is(test.want, handover.ErrFailed) && !strings.Contains(err.Error(), "no uvicorn") {
				t.Errorf("%v does not tell why", err)
			}
			for i, request := range runner.seen() {
				if want := []string{runnerapi.PathHello + " ", runnerapi.PathState + bearer(t)}[i%2]; request != want {
					t.Errorf("request %d is %s, want %s", i, request, want)
				}
			}
		})
	}
}

func TestPreloadedNeedsAProofAndEndsWithItsContext(t *testing.T) {
	runner := newFakeRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	runner.state = func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	client := newClient(t, handover.Options{})
	if err := client.Preloaded(ctx, runner.target(t)); !errors.Is(err, handover.ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
	runner.hello = http.NotFound
	if err := client.Preloaded(t.Context(), runner.target(t)); !errors.Is(err, handover.ErrWrongRunner) {
		t.Errorf("got %v, want ErrWrongRunner", err)
	}
}
