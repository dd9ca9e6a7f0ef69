package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/test/support"
)

// endpoints asks for those that the application tells of.
func (h *harness) endpoints(user string) answer {
	h.t.Helper()
	return h.do(call{method: "GET", path: base + "gen/preview/endpoints?source=live", token: h.token(user, auth.RoleUser)})
}

const document = `{"openapi":"3.1.0","paths":{"/b":{"put":{},"get":{"summary":"List","description":"All of them","tags":["b"],"operationId":"list"}},"/a":{"post":{"deprecated":true}},"c":{"get":{}}}}`

var documented = endpointsReply{
	Endpoints: []endpoints.Endpoint{
		{Path: "/a", Method: "POST", Tags: []string{}, Deprecated: true, Source: "live"},
		{Path: "/b", Method: "GET", Summary: "List", Description: "All of them", Tags: []string{"b"}, OperationID: "list", Source: "live"},
		{Path: "/b", Method: "PUT", Tags: []string{}, Source: "live"},
	},
	Count: 3, Source: "live",
	Diagnostics: []endpoints.Diagnostic{endpoints.LeftOut(1)},
}

func TestEndpoints(t *testing.T) {
	h := newHarness(t, nil)
	var seen *http.Request
	address, asked := application(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		_, _ = io.WriteString(w, document)
	})
	first := h.runs("gen", "alice", address)
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			if diff := cmp.Diff(documented, decode[endpointsReply](h, h.endpoints("alice"), http.StatusOK)); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
		})
	}
	asking.Wait()
	h.clock.advance(30 * time.Minute)
	h.endpoints("alice")
	if got := asked.Load(); got != 1 {
		t.Errorf("the application was asked %d times, want once for its life", got)
	}
	if seen.Method != http.MethodGet || seen.RequestURI != "/openapi.json" {
		t.Errorf("the application got %s %s", seen.Method, seen.RequestURI)
	}
	checkNothingOfOurs(t, "", seen)

	// Neither a viewer nor traffic: whoever leaves a page open that asks must not keep a preview alive.
	h.api.activity.mu.Lock()
	touched := len(h.api.activity.last)
	h.api.activity.mu.Unlock()
	if touched != 0 {
		t.Error("asking for the endpoints counts as activity")
	}

	// Other code is another instance.
	h.cluster.setStatus(t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	support.Eventually(h.t, "the endpoints of what has ended are forgotten", func() bool {
		h.api.discovered.mu.Lock()
		defer h.api.discovered.mu.Unlock()
		return len(h.api.discovered.known) == 0
	})
	second := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	h.sees("gen", func(pvi *v1alpha1.PreviewInstance) bool {
		return string(pvi.UID) == second.ID && pvi.Status.Phase == v1alpha1.PhaseRunning
	})
	decode[endpointsReply](h, h.endpoints("alice"), http.StatusOK)
	if got := asked.Load(); got != 2 || first.ID == second.ID {
		t.Errorf("the application was asked %d times, want once for each instance", got)
	}
}

func TestEndpointsThatAreNotThere(t *testing.T) {
	nobody := support.FreeAddress(t)
	answers := func(status int, body string) string {
		address, _ := application(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/openapi.json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
		return address
	}
	release := make(chan struct{})
	slow, _ := application(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	broken, _ := application(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	tests := map[string]struct {
		address string
		change  func(*v1alpha1.PreviewInstance)
		want    endpoints.Diagnostic
	}{
		"no document":    {answers(404, `{"detail":"Not Found"}`), nil, endpoints.Diagnostic{Code: "no-document", Message: "the application answers /openapi.json with 404"}},
		"needs a login":  {answers(401, document), nil, endpoints.Diagnostic{Code: "no-document", Message: "the application answers /openapi.json with 401"}},
		"elsewhere":      {answers(307, ""), nil, endpoints.Diagnostic{Code: "no-document", Message: "the application answers /openapi.json with 307"}},
		"HTML":           {answers(200, "<script>alert(1)</script>"), nil, endpoints.Diagnostic{Code: "not-json", Message: "/openapi.json is not JSON"}},
		"other JSON":     {answers(200, `{"paths":{"/":{"get":{}}}}`), nil, endpoints.Diagnostic{Code: "not-openapi", Message: "/openapi.json is neither OpenAPI 3 nor Swagger 2"}},
		"empty":          {answers(200, ""), nil, endpoints.Diagnostic{Code: "not-json", Message: "/openapi.json is not JSON"}},
		"too large":      {answers(200, strings.Repeat(" ", 2<<20)+document), nil, endpoints.Diagnostic{Code: "too-large", Message: "/openapi.json has more than 2097152 bytes"}},
		"too slow":       {slow, nil, endpoints.Diagnostic{Code: "timed-out", Message: "/openapi.json was not answered within 500ms"}},
		"nobody listens": {nobody, nil, endpoints.Diagnostic{Code: "refused", Message: "nothing listens on the application's port"}},
		"breaks off":     {broken, nil, endpoints.Diagnostic{Code: "broken", Message: "the application broke off its answer"}},
		"stopped":        {nobody, ended(v1alpha1.PhaseStopped, ""), endpoints.Diagnostic{Code: "not-running", Message: "the preview is not running: it is stopped"}},
		"still starting": {nobody, func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStarting }, endpoints.Diagnostic{Code: "not-running", Message: "the preview is not running: it is starting"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, func(o *Options) {
				forwarder, err := proxy.NewForwarder(proxy.Options{
					Timeout: 500 * time.Millisecond, LookupTimeout: 50 * time.Millisecond, MaxResponseBytes: 16 << 20, Resolver: noNames{},
				})
				if err != nil {
					t.Fatal(err)
				}
				o.Forwarder = forwarder
			})
			h.runs("gen", "alice", tt.address)
			if tt.change != nil {
				h.cluster.setStatus(t, instanceName("gen"), tt.change)
				h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase != v1alpha1.PhaseRunning })
			}
			want := endpointsReply{Endpoints: []endpoints.Endpoint{}, Source: "none", Diagnostics: []endpoints.Diagnostic{tt.want}}
			a := h.endpoints("alice")
			if diff := cmp.Diff(want, decode[endpointsReply](h, a, http.StatusOK)); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
			if !strings.Contains(string(a.body), `"endpoints":[]`) {
				t.Errorf("no empty list: %s", a.body)
			}
		})
	}
}

func TestEndpointsWithoutPreview(t *testing.T) {
	h := newHarness(t, nil)
	if a := h.endpoints("alice"); a.status != http.StatusNotFound {
		t.Errorf("neither generation nor preview: %d %s", a.status, a.body)
	}
	h.stored("gen", "alice")
	if got := decode[endpointsReply](h, h.endpoints("alice"), http.StatusOK); got.Source != "none" || got.Diagnostics[0].Code != "not-running" {
		t.Errorf("%+v", got)
	}
}

// An application that had no document a moment ago may have one now.
func TestMissingEndpointsAreLookedForAgain(t *testing.T) {
	h := newHarness(t, nil)
	var ready bool
	address, asked := application(t, func(w http.ResponseWriter, _ *http.Request) {
		if !ready {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, document)
	})
	h.runs("gen", "alice", address)
	count := func() int { return decode[endpointsReply](h, h.endpoints("alice"), http.StatusOK).Count }
	if got := count(); got != 0 {
		t.Errorf("%d endpoints", got)
	}
	ready = true
	h.clock.advance(noDocumentFor - time.Second)
	if got := count(); got != 0 || asked.Load() != 1 {
		t.Errorf("%d endpoints, asked %d times", got, asked.Load())
	}
	h.clock.advance(time.Second)
	if got := count(); got != 3 || asked.Load() != 2 {
		t.Errorf("%d endpoints, asked %d times", got, asked.Load())
	}
}

func TestEndpointsAreBounded(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxRequests = 1 })
	address, _ := application(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document) })
	h.runs("gen", "alice", address)
	release, err := h.api.requests.acquire(t.Context())
	h.must(err)
	if a := h.endpoints("alice"); a.slug() != "busy" {
		t.Errorf("%d %s", a.status, a.body)
	}
	release()
	if got := decode[endpointsReply](h, h.endpoints("alice"), http.StatusOK); got.Count != 3 {
		t.Errorf("an error is remembered: %+v", got)
	}
}

func TestDiscoveries(t *testing.T) {
	d := newDiscoveries(func() time.Time { return testTime })
	target := func(uid, pod string) proxy.Target {
		return proxy.Target{InstanceUID: uid, Pod: pod, Host: "h", Port: 1}
	}
	asked := 0
	find := func() (endpointsReply, error) { asked++; return endpointsReply{Source: "live", Count: asked}, nil }
	of := func(uid, pod string) int {
		got, err := d.of(t.Context(), target(uid, pod), find)
		if err != nil {
			t.Error(err)
		}
		return got.Count
	}
	var answers []int
	for _, asker := range [][2]string{{"a", "1"}, {"a", "1"}, {"b", "1"}, {"a", "2"}, {"a", "2"}} {
		answers = append(answers, of(asker[0], asker[1]))
	}
	if !slices.Equal(answers, []int{1, 1, 2, 3, 3}) {
		t.Errorf("answers %v, want one finding for each pod of each instance", answers)
	}
	d.forget("a")
	if of("a", "2") != 4 {
		t.Error("what was forgotten is known")
	}
	for i := range 3 * maxDiscovered {
		of(string(rune('A'+i)), "1")
	}
	if len(d.known) != maxDiscovered {
		t.Errorf("%d are remembered, want %d", len(d.known), maxDiscovered)
	}
}

// Whoever waits for another's discovery shares its answer, but neither its end nor its panic.
func TestDiscoveriesThatFail(t *testing.T) {
	target := proxy.Target{InstanceUID: "a", Host: "h", Port: 1}
	found := endpointsReply{Source: "live", Count: 1}
	d := newDiscoveries(func() time.Time { return testTime })
	begun, leave := make(chan struct{}), make(chan struct{})
	leader := make(chan error, 1)
	go func() {
		_, err := d.of(context.Background(), target, func() (endpointsReply, error) {
			close(begun)
			<-leave
			return endpointsReply{}, context.Canceled
		})
		leader <- err
	}()
	<-begun
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.of(gone, target, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a waiter that has gone: %v", err)
	}
	waiter := make(chan endpointsReply, 1)
	go func() {
		got, err := d.of(context.Background(), target, func() (endpointsReply, error) { return found, nil })
		if err != nil {
			t.Error(err)
		}
		waiter <- got
	}()
	close(leave)
	if err := <-leader; !errors.Is(err, context.Canceled) {
		t.Errorf("the leader: %v", err)
	}
	if diff := cmp.Diff(found, <-waiter); diff != "" {
		t.Errorf("the waiter (-want +got):\n%s", diff)
	}

	d.forget("a")
	func() {
		defer func() { _ = recover() }()
		_, _ = d.of(t.Context(), target, func() (endpointsReply, error) { panic("canary") })
	}()
	if got, err := d.of(t.Context(), target, func() (endpointsReply, error) { return found, nil }); err != nil || got.Count != 1 {
		t.Errorf("after a panic: %+v, %v", got, err)
	}
}
