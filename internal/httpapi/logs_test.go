package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
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

func frame(id int, level, message string) string {
	return fmt.Sprintf("id: %d\ndata: {\"timestamp\":\"2026-01-02T03:04:05Z\",\"level\":%q,\"message\":%q,\"source\":\"subprocess\"}", id, level, message)
}

const endFrame = "event: end\ndata: {\"reason\":\"ended\"}"

// prints stores a line of an application, as the collector does.
func (h *harness) prints(runUID string, seq int64, level, message string) {
	h.t.Helper()
	_, err := h.store.AppendLogs(h.t.Context(), []store.LogLine{
		{RunUID: runUID, Source: store.SourceSubprocess, Seq: seq, At: testTime, Level: level, Message: message},
	})
	h.must(err)
}

// completes says that a log is complete.
func (h *harness) completes(runUID string) {
	h.t.Helper()
	h.must(h.store.PutLogState(h.t.Context(), runUID, store.LogState{Complete: true}))
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
	run := h.launched("gen", "alice").ID
	h.prints(run, 1, "INFO", "INFO:     past")
	s := h.stream("gen", h.token("alice", auth.RoleUser), "")
	want := map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff",
	}
	for name, value := range want {
		if got := s.response.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	s.expect("retry: 3000", frame(1, "INFO", "INFO:     past"))
	h.prints(run, 2, "ERROR", "ERROR:    live")
	s.expect(frame(2, "ERROR", "ERROR:    live"))
	_, err := h.store.AppendLogs(t.Context(), []store.LogLine{
		{RunUID: run, Source: store.SourceSystem, Seq: 1, At: testTime, Level: "WARNING", Message: "stopping"},
		{RunUID: run, Source: store.SourceSubprocess, Seq: 3, At: testTime, Level: "INFO", Message: "half", Partial: true},
	})
	h.must(err)
	system := "id: 3\ndata: {\"timestamp\":\"2026-01-02T03:04:05Z\",\"level\":\"WARNING\",\"message\":\"stopping\",\"source\":\"system\"}"
	half := strings.Replace(frame(4, "INFO", "half"), "\"subprocess\"", "\"subprocess\",\"partial\":true", 1)
	s.expect(system, half)
	h.completes(run)
	s.expect(endFrame, "closed")

	// A client that was away goes on where it was.
	h.stream("gen", h.token("alice", auth.RoleUser), "2").expect("retry: 3000", system, half, endFrame, "closed")
	h.stream("gen", h.token("alice", auth.RoleUser), "4").expect("retry: 3000", endFrame, "closed")
}

// What is missing is told of where it is missing, as far as the numbers tell, and otherwise at the end.
func TestLogStreamTellsWhatIsMissing(t *testing.T) {
	gap := func(lost string) string { return "event: gap\ndata: {\"lost\":" + lost + "}" }
	first, second, last := frame(1, "INFO", "third"), frame(2, "INFO", "fourth"), frame(3, "INFO", "tenth")
	tests := map[string]struct {
		missing *int64
		after   string
		want    []string
	}{
		"all of it is in the numbers": {ptr(int64(7)), "", []string{gap("2"), first, second, gap("5"), last}},
		"more at the end":             {ptr(int64(9)), "", []string{gap("2"), first, second, gap("5"), last, gap("2")}},
		"nobody knows how many":       {nil, "", []string{gap("2"), first, second, gap("5"), last, gap("null")}},
		"for a client that was away":  {ptr(int64(7)), "1", []string{second, gap("5"), last, gap("2")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := withPod(newHarness(t, nil))
			run := h.launched("gen", "alice").ID
			h.recorded(ranOut(run, "gen", "alice", testTime))
			h.prints(run, 3, "INFO", "third")
			h.prints(run, 4, "INFO", "fourth")
			h.prints(run, 10, "INFO", "tenth")
			h.must(h.store.PutLogState(t.Context(), run, store.LogState{Complete: true, MissingFrom: &testTime, LinesMissing: tt.missing}))
			s := h.stream("gen", h.token("alice", auth.RoleUser), tt.after)
			s.expect(append(append([]string{"retry: 3000"}, tt.want...), endFrame, "closed")...)
		})
	}
}

// A run that is over ends the stream also when nobody says that its log is complete, with everything that was stored.
func TestLogStreamEndsAfterTheRun(t *testing.T) {
	overs := map[string]func(*harness){
		"stopped": func(h *harness) {
			h.cluster.setStatus(h.t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
		},
		"deleted": func(h *harness) { h.deleted(instanceName("gen")) },
		"started afresh": func(h *harness) {
			h.cluster.setStatus(h.t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) { p.Status.Restarts = 1 })
		},
	}
	for name, over := range overs {
		t.Run(name, func(t *testing.T) {
			h := withPod(newHarness(t, func(o *Options) { o.LastLinesWait = time.Millisecond }))
			run := h.launched("gen", "alice").ID
			s := h.stream("gen", h.token("alice", auth.RoleUser), "")
			s.expect("retry: 3000")
			h.prints(run, 1, "INFO", "hello")
			s.expect(frame(1, "INFO", "hello"))
			over(h)
			s.expect(endFrame, "closed")
		})
	}
	// One that was over long before.
	h := withPod(newHarness(t, func(o *Options) { o.LastLinesWait = time.Minute }))
	run := h.launched("gen", "alice").ID
	for seq := range int64(1200) {
		h.prints(run, seq+1, "INFO", "hello")
	}
	h.cluster.setStatus(t, instanceName("gen"), ended(v1alpha1.PhaseFailed, v1alpha1.ReasonRuntimeNotFound))
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase.Finished() })
	h.clock.advance(2 * time.Minute)
	s := h.stream("gen", h.token("alice", auth.RoleUser), "")
	s.expect("retry: 3000")
	for id := range 1200 {
		s.expect(frame(id+1, "INFO", "hello"))
	}
	s.expect(endFrame, "closed")
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
	support.Eventually(h.t, "the stream is given back", func() bool { return h.api.streams.count() == 2 })
	support.Eventually(h.t, "its end is counted", func() bool {
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
	h := newHarness(t, func(o *Options) { o.Heartbeat = time.Millisecond })
	h.runs("gen", "alice", "127.0.0.1:3001")
	h.clock.advance(activityEvery)
	h.stream("gen", h.token("alice", auth.RoleUser), "").expect("retry: 3000")
	support.Eventually(h.t, "the first activity is written", func() bool { return len(h.cluster.seenPatches()) == 1 })
	h.clock.advance(time.Minute)
	support.Eventually(h.t, "the second activity is written", func() bool { return len(h.cluster.seenPatches()) == 2 })
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
