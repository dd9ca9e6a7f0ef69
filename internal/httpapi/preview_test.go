package httpapi

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/test/support"
)

func get(h *harness, path, user string) answer {
	h.t.Helper()
	return h.do(call{method: "GET", path: path, token: h.token(user, auth.RoleUser)})
}

func ptr[T any](v T) *T { return &v }

func TestStopIsIdempotent(t *testing.T) {
	h := newHarness(t, nil)
	stop := call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", auth.RoleUser)}
	h.stored("gen", "alice")
	if a := h.do(stop); a.status != http.StatusNoContent {
		t.Fatalf("without a preview: %d %s", a.status, a.body)
	}
	launch := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	for range 3 {
		if a := h.do(stop); a.status != http.StatusNoContent || len(a.body) > 0 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	want := []string{`{"metadata":{"uid":"` + launch.ID + `"},"spec":{"desiredState":"Stopped"}}`}
	if diff := cmp.Diff(want, h.cluster.seenPatches()); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
}

// Between the read and the patch of a stop, the preview may have been replaced by a new one, which nobody stopped.
func TestStopDoesNotHitTheSuccessor(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	old, err := h.api.instances.Live(t.Context(), instanceName("gen"))
	h.must(err)
	h.must(h.api.instances.Delete(t.Context(), old))
	support.Eventually(h.t, "the cache shows the deletion", func() bool {
		_, err := h.api.instances.Cached(instanceName("gen"))
		return errors.Is(err, errNoInstance)
	})
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	h.must(h.api.patch(t.Context(), old, map[string]any{"spec": map[string]any{"desiredState": "Stopped"}}))
	h.must(h.api.instances.Delete(t.Context(), old))
	now, err := h.api.instances.Live(t.Context(), instanceName("gen"))
	h.must(err)
	if now.UID == old.UID || now.Spec.DesiredState != v1alpha1.DesiredRunning {
		t.Errorf("the successor was hit: %+v", now.Spec)
	}
}

func TestConfig(t *testing.T) {
	h := newHarness(t, nil)
	launch := h.launched("gen", "alice")
	want := configReply{Resource: resourcePresent, Port: launch.Port, BaseURL: launch.BaseURL, SessionTimeout: 1800, MaxUptime: 3600, MemoryLimitMB: 512, TimeoutSeconds: 30}
	if diff := cmp.Diff(want, decode[configReply](h, get(h, base+"gen/preview/config", "alice"), http.StatusOK)); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}

	h.stored("gen2", "alice")
	decode[launchReply](h, h.do(launchCall(h, "gen2", "alice", `{"timeout":77}`)), http.StatusCreated)
	h.cluster.setStatus(t, instanceName("gen2"), func(p *v1alpha1.PreviewInstance) { p.Status.MemoryLimitMB = 256 })
	h.sees("gen2", func(p *v1alpha1.PreviewInstance) bool { return p.Status.MemoryLimitMB == 256 })
	want.TimeoutSeconds, want.MemoryLimitMB = 77, 256
	if diff := cmp.Diff(want, decode[configReply](h, get(h, base+"gen2/preview/config", "alice"), http.StatusOK)); diff != "" {
		t.Errorf("of the instance (-want +got):\n%s", diff)
	}
}
