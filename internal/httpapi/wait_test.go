package httpapi

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/support"
)

func TestReadWait(t *testing.T) {
	// Nothing to wait for: the manager ends each preview at once, and the answers tell what was applied.
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) {
		h.cluster.setStatus(t, pvi.Name, ended(v1alpha1.PhaseFailed, v1alpha1.ReasonImportError))
	})
	// LaunchWait is 5 s.
	tests := map[string]struct {
		query  string
		prefer []string
		// applied is empty when there was no wait, and field the one at fault.
		applied, field string
	}{
		"nothing":                {},
		"prefer":                 {prefer: []string{"wait=2"}, applied: "wait=2"},
		"prefer zero":            {prefer: []string{"wait=0"}, applied: "wait=0"},
		"prefer clamped":         {prefer: []string{"wait=6"}, applied: "wait=5"},
		"prefer huge":            {prefer: []string{"wait=999999999999999999999999"}, applied: "wait=5"},
		"prefer quoted":          {prefer: []string{`wait="3"`}, applied: "wait=3"},
		"prefer spaced":          {prefer: []string{`respond-async , Wait = 3 ; x=y`}, applied: "wait=3"},
		"prefer in another line": {prefer: []string{"respond-async", "wait=4"}, applied: "wait=4"},
		"prefer, the first":      {prefer: []string{"wait=1, wait=2"}, applied: "wait=1"},
		"prefer, a bad first":    {prefer: []string{"wait=x, wait=2"}},
		"prefer negative":        {prefer: []string{"wait=-1"}},
		"prefer fraction":        {prefer: []string{"wait=1.5"}},
		"prefer empty":           {prefer: []string{"wait"}},
		"prefer something else":  {prefer: []string{"waiting=3, handling=lenient"}},
		"query":                  {query: "?wait=2", applied: "wait=2"},
		"query clamped":          {query: "?wait=300", applied: "wait=5"},
		"query huge":             {query: "?wait=999999999999999999999999", applied: "wait=5"},
		"query wins":             {query: "?wait=0", prefer: []string{"wait=3"}, applied: "wait=0"},
		"query bad":              {query: "?wait=soon", prefer: []string{"wait=3"}, field: "wait"},
		"query negative":         {query: "?wait=-1", field: "wait"},
		"query signed":           {query: "?wait=%2B1", field: "wait"},
		"query fraction":         {query: "?wait=1.5", field: "wait"},
		"query empty":            {query: "?wait=", field: "wait"},
		"query twice":            {query: "?wait=1&wait=1", field: "wait"},
		"query, other digits":    {query: "?wait=%D9%A3", field: "wait"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := launchCall(h, "gen", "alice", nil)
			c.path += tt.query
			request, err := http.NewRequestWithContext(t.Context(), c.method, h.url+c.path, http.NoBody)
			h.must(err)
			request.Header.Set("Authorization", "Bearer "+c.token)
			request.Header["Prefer"] = tt.prefer
			a := h.send(request)
			want := http.StatusCreated
			if tt.field != "" {
				want = http.StatusBadRequest
			}
			if a.status != want || a.header.Get("Preference-Applied") != tt.applied || a.field() != tt.field {
				t.Errorf("%d, %q, field %q: %s", a.status, a.header.Get("Preference-Applied"), a.field(), a.body)
			}
		})
	}
}

// waits reports whether a launch waits for a change of an instance that has its port.
func (h *harness) waits(id string) bool {
	pvi, err := h.api.instances.Cached(instanceName(id))
	h.api.instances.mu.Lock()
	defer h.api.instances.mu.Unlock()
	return err == nil && pvi.Status.Port != 0 && h.api.instances.waiting[instanceName(id)] != nil
}

func TestLaunchIsHeldUntilItIsSettled(t *testing.T) {
	failed := ended(v1alpha1.PhaseFailed, v1alpha1.ReasonImportError)
	exit := int32(1)
	tests := map[string]struct {
		wait   string
		change func(h *harness)
		want   launchReply
	}{
		"running": {"600", func(h *harness) { h.cluster.setStatus(h.t, instanceName("gen"), runningAt("127.0.0.1:3001")) }, launchReply{Status: "running"}},
		"failed": {"600", func(h *harness) {
			h.cluster.setStatus(h.t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) {
				failed(p)
				p.Status.LastFailure = &v1alpha1.Failure{Reason: "ImportError", Message: "No module named x", ExitCode: &exit, At: *p.Status.StoppedAt}
			})
		}, launchReply{Status: "failed", Reason: "ImportError", Failure: &failureBody{"ImportError", "No module named x", &exit, testTime}}},
		"stopped by somebody": {"600", func(h *harness) {
			h.do(call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", "")})
		}, launchReply{Status: "starting"}},
		"deleted by somebody": {"600", func(h *harness) {
			pvi, err := h.api.instances.Live(h.t.Context(), instanceName("gen"))
			h.must(err)
			h.must(h.api.instances.Delete(h.t.Context(), pvi))
		}, launchReply{Status: "stopped"}},
		"the gateway shuts down": {"600", func(h *harness) { h.api.Drain() }, launchReply{Status: "starting"}},
		"the time is over":       {"1", func(*harness) {}, launchReply{Status: "starting"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, func(o *Options) { o.LaunchWait = 10 * time.Minute })
			h.stored("gen", "alice")
			c := launchCall(h, "gen", "alice", nil)
			c.header = map[string]string{"Prefer": "wait=" + tt.wait}
			done := make(chan answer, 1)
			go func() { done <- h.do(c) }()
			support.Eventually(h.t, "the launch is held", func() bool { return h.waits("gen") })
			select {
			case a := <-done:
				t.Fatalf("it was not held: %s", a.body)
			default:
			}
			tt.change(h)
			var a answer
			select {
			case a = <-done:
			case <-time.After(support.Patience):
				t.Fatal("it is still held")
			}
			got := decode[launchReply](h, a, http.StatusCreated)
			if diff := cmp.Diff(tt.want, launchReply{Status: got.Status, Reason: got.Reason, Failure: got.Failure}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if a.header.Get("Preference-Applied") != "wait="+tt.wait {
				t.Errorf("applied %q", a.header.Get("Preference-Applied"))
			}
		})
	}
}

// One that runs is found at once, and a launch without a wait is not held.
func TestNothingToWaitFor(t *testing.T) {
	h := newHarness(t, nil)
	h.runs("gen", "alice", "127.0.0.1:3001")
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase == v1alpha1.PhaseRunning })
	c := launchCall(h, "gen", "alice", nil)
	c.path += "?wait=5"
	if got := decode[launchReply](h, h.do(c), http.StatusOK); got.Status != "running" {
		t.Errorf("got %+v", got)
	}
	h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) { h.cluster.setStatus(t, pvi.Name, allocated(3002)) })
	for i, header := range []map[string]string{nil, {"Prefer": "wait=0"}} {
		c := launchCall(h, []string{"a", "b"}[i], "alice", nil)
		h.stored([]string{"a", "b"}[i], "alice")
		c.header = header
		if got := decode[launchReply](h, h.do(c), http.StatusCreated); got.Status != "starting" {
			t.Errorf("got %+v", got)
		}
	}
}
