package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/vitals"
	"github.com/codebegen/preview-operator/test/support"
)

// fakeVitals tells the same of every instance.
type fakeVitals struct {
	mu        sync.Mutex
	snapshot  vitals.Snapshot
	asked     []vitals.Target
	forgotten []string
}

func (f *fakeVitals) Of(_ context.Context, target vitals.Target) vitals.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, target)
	if f.snapshot.Health == "" {
		return vitals.Snapshot{Health: vitals.Unknown}
	}
	return f.snapshot
}

func (f *fakeVitals) Forget(instanceUID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgotten = append(f.forgotten, instanceUID)
}

func (f *fakeVitals) set(s vitals.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snapshot = s
}

// targets returns what was asked about since the last call.
func (f *fakeVitals) targets() []vitals.Target {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.asked
	f.asked = nil
	return asked
}

func (f *fakeVitals) forgot(uid string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.forgotten, uid)
}

func TestStatus(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	if a := get(h, base+"gen/preview/status", "alice"); a.slug() != "preview-not-found" {
		t.Fatalf("before the first launch: %d %s", a.status, a.body)
	}
	launch := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	started, stopped := testTime, testTime.Add(45*time.Second)
	exit := int32(137)
	tests := []struct {
		name   string
		change func(*v1alpha1.PreviewInstance)
		want   statusReply
	}{
		{"starting", allocated(3001), statusReply{previewBody: previewBody{Status: "starting", Port: launch.Port, BaseURL: launch.BaseURL}, Health: "unknown"}},
		{
			"running", func(p *v1alpha1.PreviewInstance) {
				p.Status.Phase = v1alpha1.PhaseRunning
				p.Status.StartedAt = &metav1.Time{Time: started}
				p.Status.Restarts = 2
				p.Status.Start = &v1alpha1.Start{Kind: v1alpha1.StartCold, Interpreter: v1alpha1.InterpreterFresh, Reason: v1alpha1.StartNoWarmPod, Message: "PYTHONPATH"}
				p.Status.SessionExpiresAt = &metav1.Time{Time: started.Add(time.Minute)}
				p.Status.MaxUptimeAt = &metav1.Time{Time: started.Add(time.Hour)}
				p.Status.ExpiresAt = &metav1.Time{Time: started.Add(time.Minute)}
			},
			statusReply{Health: "healthy", MemoryUsageMB: ptr(int64(128)), CPUUsagePercent: ptr(2.5), previewBody: previewBody{
				Status: "running", Port: launch.Port, BaseURL: launch.BaseURL, UptimeSeconds: 90, StartedAt: &started, Restarts: 2,
				Start:            &startBody{Kind: "cold", Interpreter: "fresh", Reason: "NoWarmPod", Message: "PYTHONPATH"},
				SessionExpiresAt: ptr(started.Add(time.Minute)), MaxUptimeAt: ptr(started.Add(time.Hour)), ExpiresAt: ptr(started.Add(time.Minute)),
			}},
		},
		{
			"failed", func(p *v1alpha1.PreviewInstance) {
				p.Status.Phase, p.Status.Reason, p.Status.Port, p.Status.BaseURL = v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled, 0, ""
				p.Status.StoppedAt, p.Status.ExpiresAt, p.Status.SessionExpiresAt, p.Status.MaxUptimeAt = &metav1.Time{Time: stopped}, nil, nil, nil
				p.Status.LastFailure = &v1alpha1.Failure{Reason: v1alpha1.ReasonOOMKilled, Message: "limit is 512 MiB", ExitCode: &exit, At: metav1.Time{Time: stopped}}
			},
			statusReply{Health: "unknown", previewBody: previewBody{
				Status: "failed", Reason: "OOMKilled", UptimeSeconds: 45, StartedAt: &started, StoppedAt: &stopped, Restarts: 2,
				Start:   &startBody{Kind: "cold", Interpreter: "fresh", Reason: "NoWarmPod", Message: "PYTHONPATH"},
				Failure: &failureBody{Reason: "OOMKilled", Message: "limit is 512 MiB", ExitCode: &exit, At: stopped},
			}},
		},
	}
	h.clock.advance(90 * time.Second)
	// Of what does not run, nothing is asked.
	h.vitals.set(vitals.Snapshot{Health: vitals.Healthy, MemoryBytes: ptr(int64(134_100_000)), CPUPercent: ptr(2.4501)})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.cluster.setStatus(t, instanceName("gen"), tt.change)
			var phase v1alpha1.PreviewInstance
			tt.change(&phase)
			h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase == phase.Status.Phase })
			tt.want.ID, tt.want.GenerationID, tt.want.ProjectID, tt.want.CreatedAt = launch.ID, "gen", "proj", testTime
			tt.want.UserID, tt.want.Resource = "alice", resourcePresent
			if diff := cmp.Diff(tt.want, decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK), cmp.AllowUnexported(statusReply{})); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

// Where the application is asked is for the status to say, and nobody else.
func TestVitalsTarget(t *testing.T) {
	address := netip.MustParseAddrPort("127.0.0.1:3001")
	tests := map[string]struct {
		change func(*v1alpha1.PreviewInstance)
		// want has no namespace, pod and UID, which are all the same.
		want []vitals.Target
	}{
		"running": {func(*v1alpha1.PreviewInstance) {}, []vitals.Target{{PodIP: address.Addr(), Port: address.Port()}}},
		"IPv6": {
			func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "fd00::7" },
			[]vitals.Target{{PodIP: netip.MustParseAddr("fd00::7"), Port: address.Port()}},
		},
		"no address":     {func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "" }, []vitals.Target{{}}},
		"not an address": {func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "evil.example" }, []vitals.Target{{}}},
		"no port":        {func(p *v1alpha1.PreviewInstance) { p.Status.Port = 0 }, []vitals.Target{{}}},
		"starting":       {func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStarting }, nil},
		"stopping":       {func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStopping }, nil},
		"failed":         {func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseFailed }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			h.stored("gen", "alice")
			pvi := h.applied("pvi", "gen", "alice", func(p *v1alpha1.PreviewInstance) {
				runningAt(address.String())(p)
				tt.change(p)
			})
			got := decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK)
			for i := range tt.want {
				tt.want[i].InstanceUID, tt.want[i].Namespace, tt.want[i].PodName = string(pvi.UID), namespace, "pod"
			}
			if diff := cmp.Diff(tt.want, h.vitals.targets(), cmp.Comparer(func(x, y netip.Addr) bool { return x == y })); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if got.Health != vitals.Unknown || got.MemoryUsageMB != nil || got.CPUUsagePercent != nil {
				t.Errorf("nothing is known: %+v", got)
			}
		})
	}
}

// Health comes from the application, not from the phase, and lists ask no application.
func TestHealthIsThatOfTheApplication(t *testing.T) {
	h := newHarness(t, nil)
	launch := h.runs("gen", "alice", "127.0.0.1:3001")
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase == v1alpha1.PhaseRunning })
	for _, health := range []vitals.Health{vitals.Healthy, vitals.Unhealthy, vitals.Unknown} {
		h.vitals.set(vitals.Snapshot{Health: health, MemoryBytes: ptr(int64(0)), CPUPercent: ptr(0.04)})
		got := decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK)
		if got.Health != health || *got.MemoryUsageMB != 0 || *got.CPUUsagePercent != 0 {
			t.Errorf("%s: %+v", health, got)
		}
	}
	h.vitals.targets()
	get(h, "/api/v1/previews", "alice")
	if asked := h.vitals.targets(); asked != nil {
		t.Errorf("a list asked %v", asked)
	}
	h.cluster.setStatus(t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	// It was forgotten before it ran, too, so that alone does not tell that its end has come here.
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase == v1alpha1.PhaseStopped })
	support.Eventually(h.t, "the instance is forgotten", func() bool { return h.vitals.forgot(launch.ID) })
	stopped := decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK)
	want := statusReply{Resource: resourcePresent, Health: vitals.Unknown, previewBody: previewBody{
		ID: launch.ID, GenerationID: "gen", UserID: "alice", ProjectID: "proj", Status: "stopped", Reason: v1alpha1.ReasonStopRequested,
		BaseURL: stopped.BaseURL, UptimeSeconds: 45, CreatedAt: testTime, StartedAt: ptr(testTime.Add(-45 * time.Second)), StoppedAt: &testTime,
	}}
	if diff := cmp.Diff(want, stopped, cmp.AllowUnexported(statusReply{})); diff != "" {
		t.Errorf("after the end (-want +got):\n%s", diff)
	}
}
