package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
)

// lineScanner finds an endpoint in each line "framework METHOD path" of main.py.
type lineScanner struct {
	scans atomic.Int32
	// before is called by each scan, and its error is the scan's; nothing when nil.
	before func(context.Context) error
}

func (s *lineScanner) Scan(ctx context.Context, files map[string][]byte) (endpoints.Result, error) {
	s.scans.Add(1)
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return endpoints.Result{}, err
		}
	}
	var found route.Found
	for number, line := range strings.Split(string(files["main.py"]), "\n") {
		if words := strings.Fields(line); len(words) == 3 && strings.HasPrefix(words[2], "/") {
			found.Routes = append(found.Routes, route.Route{Framework: words[0], Method: words[1], Path: words[2], File: "main.py", Line: number + 1, Confidence: route.Exact})
		}
	}
	return endpoints.FromRoutes(found), nil
}

func withScanner(o *Options) *lineScanner {
	s := &lineScanner{}
	o.Scanner = s
	return s
}

// asked returns the rows "method path source" of an answer, what it says where they are from, and its diagnostics' codes.
func (h *harness) asked(id, source string) []string {
	h.t.Helper()
	target := base + id + "/preview/endpoints"
	if source != "" {
		target += "?source=" + source
	}
	answer := decode[endpointsReply](h, get(h, target, "alice"), http.StatusOK)
	if answer.Count != len(answer.Endpoints) {
		h.t.Errorf("count %d of %d endpoints", answer.Count, len(answer.Endpoints))
	}
	rows := []string{"from " + answer.Source}
	for _, e := range answer.Endpoints {
		rows = append(rows, fmt.Sprintf("%s %s %s %d", e.Method, e.Path, e.Source, e.Line))
	}
	for _, d := range answer.Diagnostics {
		rows = append(rows, d.Code)
	}
	return rows
}

func (h *harness) expectAsked(what, id, source string, want ...string) {
	h.t.Helper()
	if diff := cmp.Diff(want, h.asked(id, source)); diff != "" {
		h.t.Errorf("%s, source %q (-want +got):\n%s", what, source, diff)
	}
}

const version1, version2 = "fastapi GET /a\nfastapi WEBSOCKET /ws\nfastapi GET /misread", "fastapi GET /new"

func (h *harness) puts(id, main string, status int) {
	h.t.Helper()
	decode[generationBody](h, h.do(putCall(h, id, "alice", auth.RoleUser, map[string]any{"files": map[string]string{"main.py": main}})), status)
}

// A generation's endpoints through its life, from before its launch until after its end.
func TestEndpointsThroughoutALife(t *testing.T) {
	var scanner *lineScanner
	h := newHarness(t, func(o *Options) { scanner = withScanner(o) })
	h.puts("gen", version1, http.StatusCreated)
	static := []string{"from static", "GET /a static 1", "GET /misread static 3", "WEBSOCKET /ws static 2"}
	for _, source := range []string{"", "merged", "static"} {
		h.expectAsked("before the launch", "gen", source, static...)
	}
	h.expectAsked("before the launch", "gen", "live", "from none", "not-running")

	address, asked := application(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"openapi":"3.1.0","paths":{"/a":{"get":{}},"/b":{"get":{}}}}`)
	})
	h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) { h.cluster.setStatus(h.t, pvi.Name, runningAt(address)) })
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	h.expectAsked("while it runs", "gen", "static", static...)
	if asked.Load() != 0 {
		t.Error("the application was asked for what its files tell")
	}
	h.expectAsked("while it runs", "gen", "live", "from live", "GET /a live 0", "GET /b live 0")
	h.expectAsked("while it runs", "gen", "", "from both", "GET /a both 1", "GET /b live 0", "WEBSOCKET /ws static 2")

	// The preview runs on with the version that it was launched with.
	h.puts("gen", version2, http.StatusOK)
	h.expectAsked("with a newer version stored", "gen", "static", static...)
	h.cluster.setStatus(t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase == v1alpha1.PhaseStopped })
	h.expectAsked("after it has stopped", "gen", "", "from static", "GET /new static 1")
	if got := scanner.scans.Load(); got != 2 {
		t.Errorf("%d scans, want one for each version", got)
	}
	text := string(h.do(call{method: "GET", path: "/metrics"}).body)
	if line := `preview_gateway_endpoint_scan_duration_seconds_count{result="found"} 2`; !strings.Contains(text, line+"\n") {
		t.Errorf("%s is missing", line)
	}
}

// toldError is an error of a scanner that is told to users.
type toldError struct{ code string }

func (toldError) Error() string { return "canary" }

func (e toldError) Diagnostic() endpoints.Diagnostic {
	return endpoints.Diagnostic{Code: e.code, Message: "it failed"}
}

// What cannot be read is told, and takes nothing away from what the application says.
func TestScansThatFail(t *testing.T) {
	tests := map[string]struct {
		before func(context.Context) error
		want   string
	}{
		"broken":    {func(context.Context) error { return errors.New("canary: signal: killed") }, "scan-failed"},
		"told what": {func(context.Context) error { return fmt.Errorf("canary: %w", toldError{"scanner-timeout"}) }, "scanner-timeout"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var scanner *lineScanner
			h := newHarness(t, func(o *Options) { scanner = withScanner(o) })
			scanner.before = tt.before
			h.puts("gen", version1, http.StatusCreated)
			h.expectAsked("before the launch", "gen", "", "from none", tt.want, "not-running")
			address, _ := application(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document) })
			h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) { h.cluster.setStatus(h.t, pvi.Name, runningAt(address)) })
			decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
			h.expectAsked("while it runs", "gen", "", "from live", "POST /a live 0", "GET /b live 0", "PUT /b live 0", tt.want, "paths-left-out")
			if got := scanner.scans.Load(); got != 1 {
				t.Errorf("%d scans: a failure is to be remembered", got)
			}
			scanner.before = nil
			h.clock.advance(failedFor)
			h.expectAsked("a while later", "gen", "static", "from static", "GET /a static 1", "GET /misread static 3", "WEBSOCKET /ws static 2")
			if a := get(h, base+"gen/preview/endpoints?source=static", "alice"); strings.Contains(string(a.body), "canary") {
				t.Errorf("an internal error is told: %s", a.body)
			}
		})
	}
}

func TestEndpointsWithoutAScanner(t *testing.T) {
	h := newHarness(t, nil)
	h.puts("gen", version1, http.StatusCreated)
	h.expectAsked("no scanner", "gen", "", "from none", "no-scanner", "not-running")
}

// A preview that was made with kubectl brings its files along, or they are elsewhere.
func TestEndpointsOfWhatIsNotStored(t *testing.T) {
	h := newHarness(t, func(o *Options) { withScanner(o) })
	h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) {
		h.cluster.setStatus(h.t, pvi.Name, func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStarting })
	})
	for id, source := range map[string]v1alpha1.Source{
		"inline":  {Inline: &v1alpha1.InlineSource{Files: []v1alpha1.SourceFile{{Path: "main.py", Content: "flask GET /inline"}}}},
		"archive": {Archive: &v1alpha1.ArchiveSource{URL: "https://example.com/a.tar.gz"}},
	} {
		pvi := &v1alpha1.PreviewInstance{Spec: v1alpha1.PreviewInstanceSpec{GenerationID: id, UserID: "alice", DesiredState: v1alpha1.DesiredRunning, Source: source}}
		pvi.Namespace, pvi.Name = namespace, id
		h.must(h.cluster.Create(t.Context(), pvi))
		support.Eventually(t, "the cache shows the instance", func() bool { _, err := h.api.instances.Cached(id); return err == nil })
	}
	h.expectAsked("inline files", "inline", "static", "from static", "GET /inline static 1")
	h.expectAsked("an archive", "archive", "static", "from none", "no-files")

	// A successor of the same name has other files.
	pvi, err := h.api.instances.Cached("inline")
	h.must(err)
	predecessor := pvi.DeepCopy()
	predecessor.UID = "predecessor"
	if files, err := h.api.inlineFiles(t.Context(), predecessor); !errors.Is(err, errNoInstance) {
		t.Errorf("files of a successor: %v, %v", files, err)
	}

	// What the preview of a stored generation runs is not what is stored.
	h.puts("inline", "flask GET /stored", http.StatusCreated)
	h.expectAsked("inline files, others stored", "inline", "static", "from static", "GET /inline static 1")
	h.cluster.setStatus(t, "inline", ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	support.Eventually(t, "the stored files are those of the next launch", func() bool {
		return cmp.Equal([]string{"from static", "GET /stored static 1"}, h.asked("inline", "static"))
	})
}

// goneArchives is a store whose archives are gone, or are none.
type goneArchives struct {
	GenerationStore
	data []byte
	err  error
}

func (s goneArchives) Archive(context.Context, string, string) ([]byte, error) { return s.data, s.err }

func TestEndpointsOfFilesThatCannotBeRead(t *testing.T) {
	for name, tt := range map[string]struct {
		store  goneArchives
		status int
	}{
		"gone":         {goneArchives{err: store.ErrNotFound}, http.StatusOK},
		"no archive":   {goneArchives{data: []byte("x")}, http.StatusOK},
		"out of reach": {goneArchives{err: errors.New("canary")}, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			var scanner *lineScanner
			h := newHarness(t, func(o *Options) {
				scanner = withScanner(o)
				tt.store.GenerationStore = o.Store
				o.Store = tt.store
			})
			h.puts("gen", version1, http.StatusCreated)
			for range 2 {
				if a := get(h, base+"gen/preview/endpoints", "alice"); a.status != tt.status {
					t.Errorf("%d %s", a.status, a.body)
				}
			}
			if tt.status == http.StatusOK {
				h.expectAsked(name, "gen", "static", "from none", "no-files")
			}
			if scanner.scans.Load() != 0 {
				t.Error("nothing was scanned")
			}
		})
	}
}

func TestEndpointQueries(t *testing.T) {
	h := newHarness(t, func(o *Options) { withScanner(o) })
	h.puts("gen", version1, http.StatusCreated)
	for query, field := range map[string]string{
		"source=all": "source", "source=": "source", "source=live&source=static": "source", "sources=live": "sources", "%zz": "query", "SOURCE=live": "SOURCE",
	} {
		a := get(h, base+"gen/preview/endpoints?"+query, "alice")
		if a.slug() != "invalid-request" || !strings.Contains(string(a.body), `"field":"`+field+`"`) {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if a := get(h, base+"gen/preview/endpoints?source=all", "bob"); a.slug() != "forbidden" {
		t.Errorf("somebody else: %d %s", a.status, a.body)
	}
}

// newTestScans remembers what a scanner finds, and counts results.
func newTestScans(scanner Scanner) (*scans, func(string) int) {
	var mu sync.Mutex
	results := map[string]int{}
	s := newScans(scanner, 0, func() time.Time { return testTime }, func(_ time.Duration, result string) {
		mu.Lock()
		defer mu.Unlock()
		results[result]++
	}, slog.New(slog.DiscardHandler))
	return s, func(result string) int {
		mu.Lock()
		defer mu.Unlock()
		return results[result]
	}
}

func filesOf(main string) func(context.Context) (map[string][]byte, error) {
	return func(context.Context) (map[string][]byte, error) {
		return map[string][]byte{"main.py": []byte(main)}, nil
	}
}

// Whoever asks for a version that is being scanned waits for that scan, which goes on when the one who began it is gone.
func TestScansAreShared(t *testing.T) {
	scanner := &lineScanner{}
	begun, release := make(chan struct{}), make(chan struct{})
	scanner.before = func(ctx context.Context) error {
		close(begun)
		<-release
		return ctx.Err()
	}
	s, counted := newTestScans(scanner)
	first, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	ask := func(ctx context.Context) {
		got, err := s.of(ctx, "v", filesOf(version2))
		if err != nil || got.Count != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	waiting.Go(func() { ask(first) })
	<-begun
	leave()
	for range 4 {
		waiting.Go(func() { ask(t.Context()) })
	}
	if _, err := s.of(first, "v", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a waiter that has gone: %v", err)
	}
	close(release)
	waiting.Wait()
	if scanner.scans.Load() != 1 || counted(scanFound) != 1 {
		t.Errorf("%d scans", scanner.scans.Load())
	}
}

func TestScansAreBounded(t *testing.T) {
	scanner := &lineScanner{}
	begun, release := make(chan struct{}), make(chan struct{})
	scanner.before = func(context.Context) error { begun <- struct{}{}; <-release; return nil }
	s, _ := newTestScans(scanner)
	var running sync.WaitGroup
	for i := range maxScans {
		running.Go(func() { _, _ = s.of(t.Context(), fmt.Sprint(i), filesOf("")) })
		<-begun
	}
	busy := func() {
		t.Helper()
		var busy *failure
		if _, err := s.of(t.Context(), "one more", filesOf("")); !errors.As(err, &busy) || busy.kind.slug != kindBusy.slug {
			t.Errorf("one more: %v", err)
		}
	}
	busy()
	close(release)
	running.Wait()
	scanner.before = func(context.Context) error { return toldError{codeScannerBusy} }
	busy()
	scanner.before = nil
	if _, err := s.of(t.Context(), "one more", filesOf("")); err != nil {
		t.Errorf("that it was busy is remembered: %v", err)
	}
}

// What was not asked for the longest time is forgotten first, by the size of all.
func TestScannedIsForgotten(t *testing.T) {
	var main strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&main, "flask GET /%d%s\n", i, strings.Repeat("x", 900))
	}
	scanner := &lineScanner{}
	s, _ := newTestScans(scanner)
	scanned := func(key string) bool {
		before := scanner.scans.Load()
		if _, err := s.of(t.Context(), key, filesOf(main.String())); err != nil {
			t.Error(err)
		}
		return scanner.scans.Load() > before
	}
	scanned("first")
	one := s.size
	fit := maxScannedBytes / one
	for i := range fit - 1 {
		scanned(fmt.Sprint(i))
	}
	if scanned("first") {
		t.Error("the first one is forgotten, though all fit")
	}
	scanned("one more")
	if scanned("first") || !scanned("0") {
		t.Error("not the one that was not asked for the longest time was forgotten")
	}
	if s.size > maxScannedBytes || len(s.known) != fit || s.order.Len() != fit {
		t.Errorf("%d results of %d bytes, want %d", len(s.known), s.size, fit)
	}
	if _, err := s.of(t.Context(), "unreadable", func(context.Context) (map[string][]byte, error) { return nil, errors.New("x") }); err == nil || len(s.known) != fit {
		t.Errorf("an error is remembered: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.of(t.Context(), "panics", func(context.Context) (map[string][]byte, error) { panic("x") })
	}()
	if len(s.known) != fit || len(s.running.places) != 0 {
		t.Errorf("%d are known after a panic, %d scans hold a place", len(s.known), len(s.running.places))
	}
}
