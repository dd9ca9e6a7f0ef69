package handover_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

const podUID = "2c5f7c1e"

var (
	assignment = runnerapi.Assignment{ID: "instance", Port: 3001, StartupTimeoutSeconds: 30}
	code       = []byte("the archive")
	serving    = runnerapi.Result{AssignmentID: "instance", State: runnerapi.StateServing, CodeLoaded: true}
)

func secretOf(t *testing.T, pod string) runnerapi.Secret {
	t.Helper()
	secret, err := runnerapi.DeriveSecret(bytes.Repeat([]byte{1}, 32), "previews", pod)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// fakeRunner is a runner whose answers a test may replace.
type fakeRunner struct {
	*httptest.Server
	hello, stage, run, assign, state http.HandlerFunc

	mu       sync.Mutex
	requests []string
	peers    map[string]bool
}

func newFakeRunner(t *testing.T) *fakeRunner {
	f := &fakeRunner{peers: map[string]bool{}}
	hash := secretOf(t, "pod").Hash()
	f.hello = func(w http.ResponseWriter, r *http.Request) {
		var hello runnerapi.Hello
		if err := json.NewDecoder(r.Body).Decode(&hello); err != nil {
			t.Error(err)
		}
		reply, err := runnerapi.Prove(hash, podUID, hello)
		if err != nil {
			t.Error(err)
		}
		writeJSON(w, reply)
	}
	f.assign = func(w http.ResponseWriter, r *http.Request) { writeJSON(w, serving) }
	f.run, f.state = f.assign, f.assign
	f.stage = func(w http.ResponseWriter, r *http.Request) { writeJSON(w, staged) }
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+runnerapi.PathHello, func(w http.ResponseWriter, r *http.Request) { f.record(r); f.hello(w, r) })
	mux.HandleFunc("POST "+runnerapi.PathAssignment, func(w http.ResponseWriter, r *http.Request) { f.record(r); f.assign(w, r) })
	mux.HandleFunc("POST "+runnerapi.PathStage, func(w http.ResponseWriter, r *http.Request) { f.record(r); f.stage(w, r) })
	mux.HandleFunc("POST "+runnerapi.PathRun, func(w http.ResponseWriter, r *http.Request) { f.record(r); f.run(w, r) })
	mux.HandleFunc("GET "+runnerapi.PathState, func(w http.ResponseWriter, r *http.Request) { f.record(r); f.state(w, r) })
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { t.Errorf("unexpected request for %s", r.URL) })
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

// record notes a request, and that its body and headers give nothing away before the proof.
func (f *fakeRunner) record(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r.URL.Path+" "+r.Header.Get("Authorization"))
	f.peers[r.RemoteAddr] = true
}

func (f *fakeRunner) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.requests...)
}

func (f *fakeRunner) target(t *testing.T) handover.Target {
	return handover.Target{PodName: "pod", PodUID: podUID, Address: f.Listener.Addr().String(), Secret: secretOf(t, "pod")}
}

func writeJSON(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }

func newClient(t *testing.T, options handover.Options) *handover.Client {
	t.Helper()
	if options.RetryMin == 0 {
		options.RetryMin, options.RetryMax = time.Millisecond, 2*time.Millisecond
	}
	client, err := handover.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestAssignProvesTheRunnerThenSendsCodeOnTheSameConnection(t *testing.T) {
	// A proxy from the environment would see the code of every preview.
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	runner := newFakeRunner(t)
	var gotAssignment runnerapi.Assignment
	var gotCode []byte
	runner.assign = func(w http.ResponseWriter, r *http.Request) {
		form, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		first, err := form.NextPart()
		if err != nil || first.FormName() != runnerapi.PartAssignment || json.NewDecoder(first).Decode(&gotAssignment) != nil {
			t.Errorf("first part: %v", err)
			return
		}
		second, err := form.NextPart()
		if err != nil || second.FormName() != runnerapi.PartCode {
			t.Errorf("second part: %v", err)
			return
		}
		gotCode, _ = io.ReadAll(second)
		writeJSON(w, serving)
	}
	got, err := newClient(t, handover.Options{}).Assign(t.Context(), runner.target(t), assignment, code)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(serving, got); diff != "" {
		t.Errorf("result differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(assignment, gotAssignment); diff != "" || !bytes.Equal(code, gotCode) {
		t.Errorf("the runner got other code, or another assignment (-want +got):\n%s", diff)
	}
	want := []string{runnerapi.PathHello + " ", runnerapi.PathAssignment + " Bearer " + string(secretOf(t, "pod"))}
	if diff := cmp.Diff(want, runner.seen()); diff != "" || len(runner.peers) != 1 {
		t.Errorf("requests over %d connections differ (-want +got):\n%s", len(runner.peers), diff)
	}
}

func TestNothingIsSentToAWrongRunner(t *testing.T) {
	for name, hello := range map[string]http.HandlerFunc{
		"another pod's runner": func(w http.ResponseWriter, r *http.Request) {
			var hello runnerapi.Hello
			_ = json.NewDecoder(r.Body).Decode(&hello)
			reply, _ := runnerapi.Prove(secretOf(t, "other").Hash(), podUID, hello)
			writeJSON(w, reply)
		},
		"a claimed uid": func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, runnerapi.HelloReply{PodUID: podUID, Proof: strings.Repeat("0", 64)})
		},
		"an error with a proof": func(w http.ResponseWriter, r *http.Request) {
			var hello runnerapi.Hello
			_ = json.NewDecoder(r.Body).Decode(&hello)
			reply, _ := runnerapi.Prove(secretOf(t, "pod").Hash(), podUID, hello)
			w.WriteHeader(http.StatusInternalServerError)
			writeJSON(w, reply)
		},
		"not found":      http.NotFound,
		"something else": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, runnerapi.PathState, http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			runner := newFakeRunner(t)
			runner.hello = hello
			_, err := newClient(t, handover.Options{}).Assign(t.Context(), runner.target(t), assignment, code)
			if !errors.Is(err, handover.ErrWrongRunner) {
				t.Errorf("got %v, want ErrWrongRunner", err)
			}
			if diff := cmp.Diff([]string{runnerapi.PathHello + " "}, runner.seen()); diff != "" {
				t.Errorf("requests differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswersBecomeErrors(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	result := func(result runnerapi.Result) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, result) }
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   error
	}{
		"unauthorised":       {status(http.StatusUnauthorized), handover.ErrUnauthorised},
		"forbidden":          {status(http.StatusForbidden), handover.ErrUnauthorised},
		"conflict":           {status(http.StatusConflict), handover.ErrConflict},
		"bad request":        {status(http.StatusBadRequest), handover.ErrRefused},
		"too large":          {status(http.StatusRequestEntityTooLarge), handover.ErrRefused},
		"internal":           {status(http.StatusInternalServerError), handover.ErrProtocol},
		"redirect":           {status(http.StatusFound), handover.ErrProtocol},
		"no JSON":            {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, handover.ErrProtocol},
		"unknown state":      {result(runnerapi.Result{AssignmentID: "instance", State: "dancing"}), handover.ErrProtocol},
		"still starting":     {result(runnerapi.Result{AssignmentID: "instance", State: runnerapi.StateStarting}), handover.ErrProtocol},
		"without a failure":  {result(runnerapi.Result{AssignmentID: "instance", State: runnerapi.StateFailed}), handover.ErrProtocol},
		"another assignment": {result(runnerapi.Result{AssignmentID: "other", State: runnerapi.StateServing}), handover.ErrProtocol},
		"too long": {result(runnerapi.Result{AssignmentID: "instance", State: runnerapi.StateFailed,
			Failure: &runnerapi.Failure{Message: strings.Repeat("x", runnerapi.MaxResultBytes)}}), handover.ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			runner := newFakeRunner(t)
			runner.assign = test.answer
			_, err := newClient(t, handover.Options{}).Assign(t.Context(), runner.target(t), assignment, code)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), "pod pod: ") {
				t.Errorf("got %v, want %v of the pod", err, test.want)
			}
			if strings.Contains(err.Error(), string(secretOf(t, "pod"))) {
				t.Error("the error holds the secret")
			}
			if n := len(runner.seen()); n != 2 {
				t.Errorf("%d requests, want hello and one assignment", n)
			}
		})
	}
}

func TestAssignWaitsForTheRunnerToListen(t *testing.T) {
	runner := newFakeRunner(t)
	attempts := 0
	client := newClient(t, handover.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if attempts++; attempts < 5 {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}})
	if _, err := client.Assign(t.Context(), runner.target(t), assignment, code); err != nil || attempts != 5 {
		t.Errorf("got %v after %d attempts", err, attempts)
	}
}

func TestAssignIsRepeatedWhenTheConnectionIsLost(t *testing.T) {
	runner := newFakeRunner(t)
	calls := 0
	runner.assign = func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls < 3 {
			panic(http.ErrAbortHandler)
		}
		writeJSON(w, serving)
	}
	if _, err := newClient(t, handover.Options{}).Assign(t.Context(), runner.target(t), assignment, code); err != nil {
		t.Fatal(err)
	}
	var hellos int
	for _, request := range runner.seen() {
		if request == runnerapi.PathHello+" " {
			hellos++
		}
	}
	// A new connection may end at another pod: every one of them begins with a proof.
	if calls != 3 || hellos != 3 || len(runner.peers) != 3 {
		t.Errorf("%d assignments, %d proofs, %d connections, want 3 of each", calls, hellos, len(runner.peers))
	}
}

// Another connection could end at another pod, so code never goes over one without a proof of its own.
func TestCodeNeedsTheConnectionOfTheProof(t *testing.T) {
	runner := newFakeRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	prove, hellos := runner.hello, 0
	runner.hello = func(w http.ResponseWriter, r *http.Request) {
		if hellos++; hellos == 3 {
			cancel()
		}
		w.Header().Set("Connection", "close")
		prove(w, r)
	}
	if _, err := newClient(t, handover.Options{}).Assign(ctx, runner.target(t), assignment, code); !errors.Is(err, handover.ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
	for _, request := range runner.seen() {
		if request != runnerapi.PathHello+" " {
			t.Errorf("the runner got %s", request)
		}
	}
}

func TestUnreachableUntilTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	attempts := 0
	client := newClient(t, handover.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		if attempts++; attempts == 3 {
			cancel()
		}
		return nil, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
	}})
	target := handover.Target{PodName: "pod", PodUID: podUID, Address: "192.0.2.1:2999", Secret: secretOf(t, "pod")}
	_, err := client.Assign(ctx, target, assignment, code)
	for _, want := range []error{handover.ErrUnreachable, context.Canceled, syscall.EHOSTUNREACH} {
		if !errors.Is(err, want) {
			t.Errorf("got %v, which is not %v", err, want)
		}
	}
}

func TestContextEndsTheWaitForAnAnswer(t *testing.T) {
	runner := newFakeRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	runner.assign = func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}
	if _, err := newClient(t, handover.Options{}).Assign(ctx, runner.target(t), assignment, code); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestState(t *testing.T) {
	for name, want := range map[string]runnerapi.Result{
		"idle":     {State: runnerapi.StateIdle},
		"starting": {State: runnerapi.StateStarting, AssignmentID: "a"},
		"failed":   {State: runnerapi.StateFailed, AssignmentID: "a", Failure: &runnerapi.Failure{Reason: runnerapi.ReasonImportError}},
	} {
		t.Run(name, func(t *testing.T) {
			runner := newFakeRunner(t)
			runner.state = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, want) }
			got, err := newClient(t, handover.Options{}).State(t.Context(), runner.target(t))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("error %v, result differs (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	good := handover.Target{PodName: "pod", PodUID: podUID, Address: "127.0.0.1:1", Secret: "s"}
	with := func(change func(*handover.Target)) handover.Target {
		target := good
		change(&target)
		return target
	}
	remote := assignment
	remote.Archive = &runnerapi.RemoteArchive{}
	large := assignment
	large.Env = []runnerapi.EnvVar{{Name: "A", Value: strings.Repeat("x", runnerapi.MaxAssignmentBytes)}}
	for name, test := range map[string]struct {
		target     handover.Target
		assignment runnerapi.Assignment
		code       []byte
	}{
		"no port":          {with(func(t *handover.Target) { t.Address = "127.0.0.1" }), assignment, code},
		"no uid":           {with(func(t *handover.Target) { t.PodUID = "" }), assignment, code},
		"no secret":        {with(func(t *handover.Target) { t.Secret = "" }), assignment, code},
		"no id":            {good, runnerapi.Assignment{}, code},
		"no code":          {good, assignment, nil},
		"code and archive": {good, remote, code},
		"too large":        {good, large, code},
	} {
		client := newClient(t, handover.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s: was dialled", name)
			return nil, syscall.ECONNREFUSED
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := client.Assign(ctx, test.target, test.assignment, test.code); err == nil || ctx.Err() != nil {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
	}
	for name, options := range map[string]handover.Options{
		"retry":   {RetryMin: time.Second, RetryMax: time.Millisecond},
		"attempt": {AttemptTimeout: -1},
	} {
		if _, err := handover.New(options); err == nil {
			t.Errorf("options %s were taken", name)
		}
	}
}

// The place in the trace goes to the runner that has proved itself, with the assignment.
func TestAssignTellsItsPlaceInTheTrace(t *testing.T) {
	const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	runner := newFakeRunner(t)
	var told string
	runner.assign = func(w http.ResponseWriter, r *http.Request) {
		told = r.Header.Get("traceparent")
		writeJSON(w, serving)
	}
	for name, tc := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"traced":     {trace.ContextWithRemoteSpanContext(t.Context(), telemetry.ParseTraceparent(traceparent)), traceparent},
		"not traced": {t.Context(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newClient(t, handover.Options{}).Assign(tc.ctx, runner.target(t), assignment, []byte("code")); err != nil {
				t.Fatal(err)
			}
			if told != tc.want {
				t.Errorf("traceparent %q, want %q", told, tc.want)
			}
		})
	}
}
