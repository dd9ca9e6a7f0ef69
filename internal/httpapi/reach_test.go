package httpapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/test/support"
)

// patient is a gateway whose requests wait longer than any test takes.
func patient(o *Options) {
	forwarder, err := proxy.NewForwarder(proxy.Options{
		Timeout: time.Minute, LookupTimeout: time.Second, MaxResponseBytes: 1 << 20, Resolver: noNames{},
	})
	if err != nil {
		panic(err)
	}
	o.Forwarder = forwarder
}

// claimed is the status of a preview whose application will listen at an address.
func claimed(address string) func(*v1alpha1.PreviewInstance) {
	return func(pvi *v1alpha1.PreviewInstance) {
		runningAt(address)(pvi)
		pvi.Status.Phase, pvi.Status.StartedAt = v1alpha1.PhaseStarting, nil
	}
}

// listensAt begins to serve at an address, and answers each request with its body.
func listensAt(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
}

// waiting sends a request to the preview of generation gen and returns once it waits.
func waiting(h *harness, token, path string) <-chan answer {
	h.t.Helper()
	c := call{
		method: "POST", path: base + "gen/preview/request" + path, token: h.token("alice", auth.RoleUser),
		body: `{"method":"POST","path":"/","body":"once"}`, header: map[string]string{"X-Preview-Token": token},
	}
	done := make(chan answer, 1)
	go func() { done <- h.do(c) }()
	support.Eventually(h.t, "the request waits", func() bool {
		h.api.instances.mu.Lock()
		defer h.api.instances.mu.Unlock()
		return len(done) > 0 || h.api.instances.waiting[instanceName("gen")] != nil
	})
	return done
}

func (h *harness) answered(done <-chan answer) answer {
	h.t.Helper()
	select {
	case a := <-done:
		return a
	case <-time.After(support.Patience):
		h.t.Fatal("the request still waits")
		return answer{}
	}
}

// A request to a preview that is starting is answered as soon as the application can, whatever the status says by then.
func TestRequestsWaitForTheApplication(t *testing.T) {
	set := func(h *harness, change func(*v1alpha1.PreviewInstance)) {
		h.cluster.setStatus(h.t, instanceName("gen"), change)
	}
	tests := map[string]func(h *harness, address string){
		"it listens, and the status tells where": func(h *harness, address string) {
			listensAt(h.t, address)
			set(h, claimed(address))
		},
		"the status tells where, and it listens": func(h *harness, address string) {
			set(h, claimed(address))
			h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.PodIP != "" })
			listensAt(h.t, address)
		},
		"the status tells when it runs": func(h *harness, address string) {
			listensAt(h.t, address)
			set(h, runningAt(address))
		},
		"another pod": func(h *harness, address string) {
			set(h, claimed(support.FreeAddress(h.t)))
			h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.PodIP != "" })
			listensAt(h.t, address)
			set(h, func(p *v1alpha1.PreviewInstance) { claimed(address)(p); p.Status.PodName = "pod-2" })
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, patient)
			done := waiting(h, h.launched("gen", "alice").SessionToken, "")
			change(h, support.FreeAddress(t))
			if got := decode[requestReply](h, h.answered(done), http.StatusOK); got.Body != "once" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// What a request waits for in vain ends it.
func TestRequestsThatWaitInVain(t *testing.T) {
	set := func(h *harness, change func(*v1alpha1.PreviewInstance)) {
		h.cluster.setStatus(h.t, instanceName("gen"), change)
	}
	tests := map[string]struct {
		wait   string
		change func(h *harness)
		status int
		slug   string
		detail string
	}{
		"it fails": {"", func(h *harness) {
			set(h, func(p *v1alpha1.PreviewInstance) {
				ended(v1alpha1.PhaseFailed, v1alpha1.ReasonImportError)(p)
				p.Status.LastFailure = &v1alpha1.Failure{Reason: v1alpha1.ReasonImportError, Message: "No module named x"}
			})
		}, 409, "preview-not-running", "it has ended with ImportError: No module named x"},
		"it is stopped": {"", func(h *harness) {
			h.do(call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", "")})
		}, 409, "preview-not-running", "look at its status"},
		"it is deleted": {"", func(h *harness) {
			pvi, err := h.api.instances.Live(h.t.Context(), instanceName("gen"))
			h.must(err)
			h.must(h.api.instances.Delete(h.t.Context(), pvi))
		}, 404, "preview-not-found", "launch it"},
		"its address is none": {"", func(h *harness) {
			set(h, func(p *v1alpha1.PreviewInstance) { claimed("127.0.0.1:3001")(p); p.Status.PodIP = "evil.example" })
		}, 500, "internal", ""},
		"the gateway shuts down": {"", func(h *harness) { h.api.Drain() }, 503, "unavailable", "shutting down"},
		"the time is over": {"?wait=0", func(*harness) {}, 409, "preview-not-running",
			"it is starting, and waits for PodReady: the pod is being created"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, patient)
			token := h.launched("gen", "alice").SessionToken
			set(h, func(p *v1alpha1.PreviewInstance) {
				p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Message: "PodReady: the pod is being created"}}
			})
			h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return len(p.Status.Conditions) > 0 })
			done := waiting(h, token, tt.wait)
			tt.change(h)
			a := h.answered(done)
			if a.status != tt.status || a.slug() != tt.slug || !strings.Contains(string(a.body), tt.detail) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// A broken watch makes no request fail whose preview runs.
func TestTheLastLookIsAtTheAPIServer(t *testing.T) {
	h := newHarness(t, patient)
	address, _ := application(t, func(http.ResponseWriter, *http.Request) {})
	token := h.runs("gen", "alice", address).SessionToken
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase == v1alpha1.PhaseRunning })
	pvi, err := h.api.instances.Cached(instanceName("gen"))
	h.must(err)
	stale := pvi.DeepCopy()
	allocated(pvi.Status.Port)(stale)
	stale.Status.PodIP = ""
	h.must(h.api.instances.informer.GetStore().Update(stale))
	a := h.answered(waiting(h, token, "?wait=0"))
	if decode[requestReply](h, a, http.StatusOK); a.header.Get("Preference-Applied") != "wait=0" {
		t.Errorf("applied %q", a.header.Get("Preference-Applied"))
	}
}

// A client that goes away while its request waits frees its place.
func TestClientsThatGoWhileTheyWait(t *testing.T) {
	h := newHarness(t, func(o *Options) { patient(o); o.MaxRequests = 1 })
	token := h.launched("gen", "alice").SessionToken
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+base+"gen/preview/request", strings.NewReader(`{"method":"GET","path":"/"}`))
	h.must(err)
	request.Header.Set("Authorization", "Bearer "+h.token("alice", auth.RoleUser))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Preview-Token", token)
	go func() {
		support.Eventually(h.t, "the request waits", func() bool { return len(h.api.requests.places) == 1 })
		cancel()
	}()
	if response, err := h.http.Do(request); err == nil {
		_ = response.Body.Close()
		t.Fatalf("answered with %d", response.StatusCode)
	}
	support.Eventually(h.t, "the place is free", func() bool { return len(h.api.requests.places) == 0 })
	support.Eventually(h.t, "the request is logged", func() bool { return strings.Contains(h.log.String(), `"problem":"client-gone"`) })
}
