package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/podlogs"
)

// stream is an open log stream.
type stream struct {
	h        *harness
	response *http.Response
	lines    *bufio.Scanner
	cancel   context.CancelFunc
}

func (h *harness) stream(id, token, lastEventID string) *stream {
	h.t.Helper()
	header := http.Header{"Authorization": {"Bearer " + token}}
	if lastEventID != "" {
		header.Set("Last-Event-ID", lastEventID)
	}
	return h.open(base+id+"/preview/logs/stream", header)
}

// open opens a stream.
func (h *harness) open(path string, header http.Header) *stream {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	h.must(err)
	if header != nil {
		request.Header = header
	}
	response, err := h.http.Do(request)
	h.must(err)
	s := &stream{h: h, response: response, lines: bufio.NewScanner(response.Body), cancel: cancel}
	s.lines.Buffer(nil, 1<<20)
	h.t.Cleanup(func() {
		cancel()
		_ = response.Body.Close()
	})
	if response.StatusCode != http.StatusOK {
		h.t.Fatalf("status %d", response.StatusCode)
	}
	return s
}

// cursor is the id of the line of that ordinal.
func cursor(ordinal int) string { return fmt.Sprintf("%d-%d", stampNanos, ordinal) }

// next reads the frame that comes next, heartbeats left out.
func (s *stream) next() string {
	s.h.t.Helper()
	var frame []string
	for s.lines.Scan() {
		switch line := s.lines.Text(); {
		case line != "":
			frame = append(frame, line)
		case len(frame) == 1 && frame[0] == ": heartbeat":
			frame = nil
		default:
			return strings.Join(frame, "\n")
		}
	}
	return "closed"
}

func (s *stream) expect(frames ...string) {
	s.h.t.Helper()
	for _, want := range frames {
		if diff := cmp.Diff(want, s.next()); diff != "" {
			s.h.t.Fatalf("frame (-want +got):\n%s", diff)
		}
	}
}

const stampNanos = 1767323045000000000

func frame(ordinal int, level, message string) string {
	return fmt.Sprintf("id: %d-%d\ndata: {\"timestamp\":\"2026-01-02T03:04:05Z\",\"level\":%q,\"message\":%q,\"source\":\"subprocess\"}", stampNanos, ordinal, level, message)
}

// podReady is the status of an instance whose pod runs.
func podReady(pvi *v1alpha1.PreviewInstance) {
	pvi.Status.PodName = "pod"
	apimeta.SetStatusCondition(&pvi.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionPodReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPodRunning,
	})
}

// withPod makes instances that have a pod from the start.
func withPod(h *harness) *harness {
	h.cluster.manage = func(pvi *v1alpha1.PreviewInstance) {
		h.cluster.setStatus(h.t, pvi.Name, func(p *v1alpha1.PreviewInstance) { allocated(3001)(p); podReady(p) })
	}
	return h
}

func TestLogStream(t *testing.T) {
	h := withPod(newHarness(t, nil))
	h.launched("gen", "alice")
	h.pods.print("pod", "2026-01-02T03:04:05Z INFO:     past\n")
	s := h.stream("gen", h.token("alice", auth.RoleUser), "")
	want := map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff",
	}
	for name, value := range want {
		if got := s.response.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	s.expect("retry: 3000", frame(0, "INFO", "INFO:     past"))
	h.pods.print("pod", "2026-01-02T03:04:05Z ERROR:    live\n")
	s.expect(frame(1, "ERROR", "ERROR:    live"))
	h.pods.end("pod")
	s.expect("event: end\ndata: {\"reason\":\"ended\"}", "closed")

	// A client that was away goes on where it was.
	h.stream("gen", h.token("alice", auth.RoleUser), fmt.Sprintf("%d-0", stampNanos)).
		expect("retry: 3000", frame(1, "ERROR", "ERROR:    live"), "event: end\ndata: {\"reason\":\"ended\"}", "closed")
	h.stream("gen", h.token("alice", auth.RoleUser), "1-0").
		expect("retry: 3000", "event: gap\ndata: {\"lost\":null}", frame(0, "INFO", "INFO:     past"))
}

func TestLogStreamWaitsForThePod(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	s := h.stream("gen", h.token("alice", auth.RoleUser), "")
	s.expect("retry: 3000")
	h.pods.print("pod", "2026-01-02T03:04:05Z hello\n")
	// The name of a pod is written before the pod is created; its log must not be asked for yet.
	h.cluster.setStatus(t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) { p.Status.PodName = "pod" })
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.PodName != "" })
	if got := h.pods.opens(); got != 0 {
		t.Errorf("the log of a pod that is not there was opened %d times", got)
	}
	h.cluster.setStatus(t, instanceName("gen"), podReady)
	s.expect(frame(0, "INFO", "hello"))
}

func TestLogStreamOfAPreviewThatNeverHadAPod(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	s := h.stream("gen", h.token("alice", auth.RoleUser), "")
	h.cluster.setStatus(t, instanceName("gen"), ended(v1alpha1.PhaseFailed, v1alpha1.ReasonRuntimeNotFound))
	s.expect("retry: 3000", "event: end\ndata: {\"reason\":\"no-pod\"}", "closed")
}

func TestLogStreamHeartbeats(t *testing.T) {
	h := withPod(newHarness(t, func(o *Options) { o.Heartbeat = time.Millisecond }))
	h.launched("gen", "alice")
	s := h.stream("gen", h.token("alice", auth.RoleUser), "")
	for range 3 {
		for s.lines.Scan() && s.lines.Text() != ": heartbeat" {
			continue
		}
	}
	if err := s.lines.Err(); err != nil {
		t.Error(err)
	}
}

// Incident 23: a stream that outlives the token it was opened with.
func TestIncidentLogStreamEndsWithItsToken(t *testing.T) {
	h := withPod(newHarness(t, nil))
	h.launched("gen", "alice")
	token, err := auth.Mint(h.auth, auth.Principal{UserID: "alice"}, time.Second)
	h.must(err)
	// The clock of the harness stands still, and the deadline of a stream is measured by the real one.
	h.stream("gen", token, "").expect("retry: 3000", "event: end\ndata: {\"reason\":\"token-expired\"}", "closed")
}

func TestStreamsAreBounded(t *testing.T) {
	h := withPod(newHarness(t, func(o *Options) { o.MaxStreams, o.MaxStreamsPerUser = 3, 2 }))
	h.launched("gen", "alice")
	h.stored("gen2", "bob")
	decode[launchReply](h, h.do(launchCall(h, "gen2", "bob", nil)), http.StatusCreated)
	alice, bob := h.token("alice", auth.RoleUser), h.token("bob", auth.RoleUser)
	first := h.stream("gen", alice, "")
	h.stream("gen", alice, "")
	again := call{method: "GET", path: base + "gen/preview/logs/stream", token: alice}
	if a := h.do(again); a.status != http.StatusTooManyRequests || a.slug() != "too-many-streams" || a.header.Get("Retry-After") == "" {
		t.Errorf("third of a user: %d %s", a.status, a.body)
	}
	h.stream("gen2", bob, "")
	if a := h.do(call{method: "GET", path: base + "gen2/preview/logs/stream", token: bob}); a.status != http.StatusServiceUnavailable || a.slug() != "busy" {
		t.Errorf("fourth of the gateway: %d %s", a.status, a.body)
	}
	if metrics := string(h.do(call{method: "GET", path: "/metrics"}).body); !strings.Contains(metrics, "preview_gateway_open_streams 3\n") {
		t.Error("the metric of open streams is not 3")
	}
	first.cancel()
	h.eventually("the stream is given back", func() bool { return h.api.streams.count() == 2 })
	h.eventually("its end is counted", func() bool {
		text := string(h.do(call{method: "GET", path: "/metrics"}).body)
		return strings.Contains(text, "preview_gateway_stream_duration_seconds_count{reason=\"client-gone\"} 1\n")
	})
	h.stream("gen", alice, "")
}

func TestLogStreamRefusals(t *testing.T) {
	h := withPod(newHarness(t, nil))
	h.stored("gen", "alice")
	c := call{method: "GET", path: base + "gen/preview/logs/stream", token: h.token("alice", auth.RoleUser)}
	if a := h.do(c); a.slug() != "preview-not-found" {
		t.Errorf("before the launch: %d %s", a.status, a.body)
	}
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	c.header = map[string]string{"Last-Event-ID": "x"}
	if a := h.do(c); a.status != http.StatusBadRequest || a.field() != "Last-Event-ID" {
		t.Errorf("bad id: %d %s", a.status, a.body)
	}
}

// Viewers keep a preview alive.
func TestViewersAreRecordedAsActivity(t *testing.T) {
	h := withPod(newHarness(t, func(o *Options) { o.Heartbeat = time.Millisecond }))
	h.launched("gen", "alice")
	h.stream("gen", h.token("alice", auth.RoleUser), "").expect("retry: 3000")
	h.eventually("the first activity is written", func() bool { return len(h.cluster.seenPatches()) == 1 })
	h.clock.advance(time.Minute)
	h.eventually("the second activity is written", func() bool { return len(h.cluster.seenPatches()) == 2 })
}

// The write of an activity is itself a change of an instance that may not run yet; it must not lead to another write.
func TestActivityIsRememberedUntilTheInstanceIsGone(t *testing.T) {
	h := withPod(newHarness(t, nil))
	h.launched("gen", "alice")
	h.sees("gen", func(pvi *v1alpha1.PreviewInstance) bool { return pvi.Status.PodName != "" })
	pvi, err := h.api.instances.Cached(instanceName("gen"))
	h.must(err)
	remembers := func() bool {
		h.api.activity.mu.Lock()
		defer h.api.activity.mu.Unlock()
		_, ok := h.api.activity.last[pvi.UID]
		return ok
	}
	h.api.activity.touch(pvi)
	h.api.instances.changed(pvi)
	if !remembers() {
		t.Error("a change of an instance that does not run yet made it forgotten")
	}
	gone := pvi.DeepCopy()
	gone.Name = "gone"
	h.api.instances.changed(gone)
	if remembers() {
		t.Error("an instance that is gone is remembered")
	}
}

// What an application prints while it is stopped reaches those who view, and those who come later, until the preview is
// gone. Nobody has to have viewed before.
func TestLastLinesAreKept(t *testing.T) {
	h := withPod(newHarness(t, nil))
	h.launched("gen", "alice")
	h.eventually("the log is followed without a viewer", func() bool { return h.pods.opens() == 1 })
	token := h.token("alice", auth.RoleUser)
	viewer := h.stream("gen", token, "")
	viewer.expect("retry: 3000")
	h.cluster.setStatus(t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStopping })
	h.pods.print("pod", "2026-01-02T03:04:05Z shutting down\n2026-01-02T03:04:05Z bye\n")
	h.pods.end("pod")
	viewer.expect(frame(0, "INFO", "shutting down"), frame(1, "INFO", "bye"), "event: end\ndata: {\"reason\":\"ended\"}", "closed")
	h.cluster.setStatus(t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) {
		ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested)(p)
		p.Status.PodName = ""
	})
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase.Finished() })

	opened := h.pods.opens()
	for range 2 {
		h.stream("gen", token, "").
			expect("retry: 3000", frame(0, "INFO", "shutting down"), frame(1, "INFO", "bye"), "event: end\ndata: {\"reason\":\"ended\"}", "closed")
	}
	if got := h.pods.opens(); got != opened {
		t.Errorf("the log was read %d times more; the pod is gone by now", got-opened)
	}
	relaunch(h)
	h.eventually("the log of the predecessor is dropped and the next is followed", func() bool { return h.pods.opens() > opened })
}

// After a cut watch nobody is told of the deletion itself.
func TestReplacedInstancesAreToldToBeGone(t *testing.T) {
	instances, err := NewInstances(newCluster(t), namespace)
	if err != nil {
		t.Fatal(err)
	}
	was, now := &v1alpha1.PreviewInstance{}, &v1alpha1.PreviewInstance{}
	was.Namespace, was.Name, was.UID = namespace, "g", "was"
	now.Namespace, now.Name, now.UID = namespace, "g", "now"
	if err := instances.informer.GetStore().Add(now); err != nil {
		t.Fatal(err)
	}
	var told []string
	instances.OnChange(func(pvi *v1alpha1.PreviewInstance, gone bool) {
		told = append(told, fmt.Sprintf("%s gone %t", pvi.UID, gone))
	})
	instances.updated(was, now)
	instances.updated(now, now)
	if diff := cmp.Diff([]string{"was gone true", "now gone false", "now gone false"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestLogKeeper(t *testing.T) {
	instance := func(uid, pod string, change func(*v1alpha1.PreviewInstance)) *v1alpha1.PreviewInstance {
		pvi := &v1alpha1.PreviewInstance{}
		pvi.UID = types.UID(uid)
		podReady(pvi)
		pvi.Status.PodName = pod
		if change != nil {
			change(pvi)
		}
		return pvi
	}
	type step struct {
		pvi  *v1alpha1.PreviewInstance
		gone bool
	}
	tests := map[string]struct {
		steps []step
		full  bool
		want  []string
	}{
		"once":                {[]step{{instance("a", "1", nil), false}, {instance("a", "1", nil), false}}, false, []string{"keep 1"}},
		"not ready yet":       {[]step{{instance("a", "1", func(p *v1alpha1.PreviewInstance) { p.Status.Conditions = nil }), false}}, false, nil},
		"ended before we saw": {[]step{{instance("a", "1", ended(v1alpha1.PhaseStopped, "")), false}}, false, nil},
		"kept when it ends":   {[]step{{instance("a", "1", nil), false}, {instance("a", "1", ended(v1alpha1.PhaseFailed, "")), false}}, false, []string{"keep 1"}},
		"gone":                {[]step{{instance("a", "1", nil), false}, {instance("a", "1", nil), true}, {instance("a", "1", nil), true}}, false, []string{"keep 1", "drop 1"}},
		"gone before":         {[]step{{instance("a", "1", nil), true}}, false, nil},
		"stopped":             {[]step{{instance("a", "1", nil), false}, {instance("a", "", ended(v1alpha1.PhaseStopped, "")), false}}, false, []string{"keep 1"}},
		"started afresh":      {[]step{{instance("a", "1", nil), false}, {instance("a", "1", func(p *v1alpha1.PreviewInstance) { p.Status.Restarts = 1 }), false}}, false, []string{"keep 1", "drop 1", "keep 1"}},
		"another pod":         {[]step{{instance("a", "1", nil), false}, {instance("a", "2", nil), false}}, false, []string{"keep 1", "drop 1", "keep 2"}},
		"two instances":       {[]step{{instance("a", "1", nil), false}, {instance("b", "2", nil), false}, {instance("a", "1", nil), true}}, false, []string{"keep 1", "keep 2", "drop 1"}},
		"too many, and again": {[]step{{instance("a", "1", nil), false}, {instance("a", "1", nil), false}, {instance("a", "1", nil), true}}, true, []string{"keep 1", "keep 1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			logs := &recordedLogs{full: tt.full}
			keeper := newLogKeeper(logs, slog.New(slog.DiscardHandler))
			for _, s := range tt.steps {
				keeper.see(s.pvi, s.gone)
			}
			if diff := cmp.Diff(tt.want, logs.did); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// recordedLogs is what a logKeeper works on.
type recordedLogs struct {
	full bool
	did  []string
}

func (r *recordedLogs) Keep(pod string) error {
	r.did = append(r.did, "keep "+pod)
	if r.full {
		return podlogs.ErrTooManyKept
	}
	return nil
}

func (r *recordedLogs) Drop(pod string) { r.did = append(r.did, "drop "+pod) }
