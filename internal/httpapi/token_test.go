package httpapi

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
)

func tokenCall(h *harness, id, user string) call {
	return call{method: "POST", path: base + id + "/preview/token", token: h.token(user, auth.RoleUser)}
}

func TestTokenIsIssuedAnew(t *testing.T) {
	h := newHarness(t, nil)
	launch := h.launched("gen", "alice")
	h.clock.advance(time.Minute)
	got := decode[tokenReply](h, h.do(tokenCall(h, "gen", "alice")), http.StatusOK)
	want := tokenReply{ID: launch.ID, SessionToken: got.SessionToken, SessionExpiresAt: testTime.Add(time.Hour + time.Minute)}
	if diff := cmp.Diff(want, got); diff != "" || got.SessionToken == launch.SessionToken {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	h.must(h.api.signer.Check(got.SessionToken, launch.ID, "alice"))
	h.must(h.api.signer.Check(launch.SessionToken, launch.ID, "alice"))

	// One that runs ends at a known time, and the token with it.
	end := testTime.Add(30 * time.Minute)
	h.cluster.setStatus(t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) {
		p.Status.Phase, p.Status.MaxUptimeAt = v1alpha1.PhaseRunning, &metav1.Time{Time: end}
	})
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.MaxUptimeAt != nil })
	if got := decode[tokenReply](h, h.do(tokenCall(h, "gen", "alice")), http.StatusOK); !got.SessionExpiresAt.Equal(end) {
		t.Errorf("it expires at %s, want %s", got.SessionExpiresAt, end)
	}

	// An administrator's token is the administrator's own.
	admin := tokenCall(h, "gen", "alice")
	admin.token = h.token("root", auth.RoleAdmin)
	theirs := decode[tokenReply](h, h.do(admin), http.StatusOK)
	h.must(h.api.signer.Check(theirs.SessionToken, launch.ID, "root"))
	if h.api.signer.Check(theirs.SessionToken, launch.ID, "alice") == nil {
		t.Error("the administrator's token is alice's")
	}
}

func TestNoTokenForAPreviewThatHasEnded(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			h.launched("gen", "alice")
			end(h)
			h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return !isLive(p) })
			if a := h.do(tokenCall(h, "gen", "alice")); a.status != http.StatusConflict || a.slug() != "preview-not-running" {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		h := newHarness(t, nil)
		h.stored("gen", "alice")
		if a := h.do(tokenCall(h, "gen", "alice")); a.slug() != "preview-not-found" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := h.do(tokenCall(h, "other", "alice")); a.slug() != "generation-not-found" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
