package scanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/fence"
	"github.com/codebegen/preview-operator/internal/endpoints/wire"
)

// played is the first argument with which this test binary plays a scanner; the second one says which.
const played = "play-a-scanner"

func TestMain(m *testing.M) {
	if len(os.Args) < 3 || os.Args[1] != played {
		os.Exit(m.Run())
	}
	scanners[os.Args[2]]()
}

// scanners are a good one and those that a hostile project may make of it.
var scanners = map[string]func(){
	"answers": func() {
		files, options, err := wire.ReadRequest(os.Stdin)
		if err != nil {
			panic(err)
		}
		answer(endpoints.Endpoint{
			Method: "GET", Path: fmt.Sprintf("/%d/%d/%d", len(files), len(os.Environ()), options.MaxFiles), Summary: string(files["a"]),
			Params: []endpoints.Param{{Name: "id", In: "path", Required: true}}, Framework: "flask", Confidence: "exact",
		})
	},
	"hangs":               func() { _, _, _ = wire.ReadRequest(os.Stdin); time.Sleep(time.Hour) },
	"hangs and reads not": func() { time.Sleep(time.Hour) },
	"ends at once":        func() { os.Exit(0) },
	"fails":               func() { fmt.Fprint(os.Stderr, strings.Repeat("no ", 1<<20)); os.Exit(3) },
	"is killed":           func() { _ = syscall.Kill(os.Getpid(), syscall.SIGSEGV); time.Sleep(time.Hour) },
	"balloons": func() {
		if err := fence.Raise(fence.Limits{CPU: 10, Memory: 96 << 20}); err != nil {
			panic(err)
		}
		var all [][]byte
		for {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = 1
			}
			all = append(all, block)
			if len(all) == 1<<10 {
				answer()
				os.Exit(0)
			}
		}
	},
	"prints garbage": func() { fmt.Print("<html>") },
	"prints half":    func() { fmt.Print(`{"endpoints":[],"count":0,"diagn`) },
	"prints nothing": func() {},
	"prints more":    func() { answer(); answer() },
	"miscounts":      func() { fmt.Print(`{"endpoints":[],"count":1,"diagnostics":[]}`) },
	"prints for ever": func() {
		block := []byte(strings.Repeat("[", 1<<20))
		for {
			if _, err := os.Stdout.Write(block); err != nil {
				os.Exit(0)
			}
		}
	},
	"forges": func() {
		answer(endpoints.Endpoint{Method: "GET", Path: "/a\x1b[2J"}, endpoints.Endpoint{Method: "GET", Path: "no path"},
			endpoints.Endpoint{Method: "GET", Path: "/a", Summary: "a\x1b[2Jb", Source: "live", Framework: "x", Line: -1},
			endpoints.Endpoint{Method: "GET", Path: "/a", Summary: "again"})
	},
}

func answer(found ...endpoints.Endpoint) {
	result := endpoints.Result{Endpoints: []endpoints.Endpoint{}, Diagnostics: []endpoints.Diagnostic{}}
	result.Endpoints = append(result.Endpoints, found...)
	result.Count = len(found)
	if err := wire.WriteAnswer(os.Stdout, result); err != nil {
		panic(err)
	}
}

func newScanner(t *testing.T, which string, options Options) *Scanner {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	options.Program, options.Args = self, []string{played, which}
	s, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScan(t *testing.T) {
	s := newScanner(t, "answers", Options{Read: endpoints.Options{MaxFiles: 7}})
	got, err := s.Scan(t.Context(), map[string][]byte{"a": []byte("text of a"), "b": nil})
	if err != nil {
		t.Fatal(err)
	}
	want := endpoints.Result{Count: 1, Diagnostics: []endpoints.Diagnostic{}, Endpoints: []endpoints.Endpoint{{
		// Two files, an empty environment, and the option.
		Method: "GET", Path: "/2/0/7", Summary: "text of a", Tags: []string{}, Framework: "flask", Confidence: "exact",
		Params: []endpoints.Param{{Name: "id", In: "path", Required: true}}, Source: endpoints.SourceStatic,
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestFailures(t *testing.T) {
	large := map[string][]byte{"a": make([]byte, 4<<20)}
	for which, test := range map[string]struct {
		files   map[string][]byte
		timeout time.Duration
		want    Kind
	}{
		"hangs":               {timeout: 50 * time.Millisecond, want: KindTimeout},
		"hangs and reads not": {files: large, timeout: 50 * time.Millisecond, want: KindTimeout},
		"ends at once":        {files: large, want: KindAnswer},
		"fails":               {want: KindCrashed},
		"is killed":           {want: KindCrashed},
		"balloons":            {want: KindCrashed},
		"prints garbage":      {want: KindAnswer},
		"prints half":         {want: KindAnswer},
		"prints nothing":      {want: KindAnswer},
		"prints more":         {want: KindAnswer},
		"miscounts":           {want: KindAnswer},
		"prints for ever":     {timeout: time.Hour, want: KindAnswer},
		"answers":             {files: map[string][]byte{"a": make([]byte, wire.MaxBytes)}, want: KindTooLarge},
	} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			s := newScanner(t, which, Options{Timeout: test.timeout})
			result, err := s.Scan(t.Context(), test.files)
			var failed *Error
			if !errors.As(err, &failed) || failed.Kind != test.want {
				t.Fatalf("result %+v, error %v, want %s", result, err, test.want)
			}
			if len(err.Error()) > 2*maxComplaint {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if d := failed.Diagnostic(); d.Code != string(test.want) || d.Message == "" {
				t.Errorf("diagnostic %+v", d)
			}
		})
	}
}

func TestProgramThatIsNotThere(t *testing.T) {
	s, err := New(Options{Program: "/nowhere/endpoint-scanner"})
	if err != nil {
		t.Fatal(err)
	}
	var failed *Error
	if _, err := s.Scan(t.Context(), nil); !errors.As(err, &failed) || failed.Kind != KindUnavailable {
		t.Errorf("error %v", err)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a scanner without a program is made")
	}
}

func TestAnswersAreNotTrusted(t *testing.T) {
	got, err := newScanner(t, "forges", Options{}).Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := endpoints.Result{
		Endpoints: []endpoints.Endpoint{{Method: "GET", Path: "/a", Summary: "a[2Jb", Tags: []string{}, Framework: "x",
			Confidence: "likely", Source: endpoints.SourceStatic}},
		Count: 1, Diagnostics: []endpoints.Diagnostic{endpoints.LeftOut(2)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestFewAtOnce(t *testing.T) {
	s := newScanner(t, "answers", Options{Processes: 1, Waiting: 1})
	s.places <- struct{}{}
	waited := make(chan error, 1)
	go func() {
		_, err := s.Scan(t.Context(), nil)
		waited <- err
	}()
	for s.waiting.Load() == 0 {
		select {
		case err := <-waited:
			t.Fatalf("it did not wait: %v", err)
		case <-t.Context().Done():
			t.Fatal("nothing waits")
		default:
			time.Sleep(time.Millisecond)
		}
	}
	var failed *Error
	if _, err := s.Scan(t.Context(), nil); !errors.As(err, &failed) || failed.Kind != KindBusy {
		t.Errorf("error %v, want %s", err, KindBusy)
	}
	<-s.places
	if err := <-waited; err != nil {
		t.Errorf("the one that waited: %v", err)
	}
	if len(s.places) != 0 || s.waiting.Load() != 0 {
		t.Errorf("%d places taken, %d wait", len(s.places), s.waiting.Load())
	}
}

func TestCallersThatGo(t *testing.T) {
	t.Run("while they wait", func(t *testing.T) {
		s := newScanner(t, "answers", Options{Processes: 1})
		s.places <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := s.Scan(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("while it runs", func(t *testing.T) {
		s := newScanner(t, "hangs", Options{Timeout: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := s.Scan(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}
