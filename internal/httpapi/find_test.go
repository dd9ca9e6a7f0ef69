package httpapi

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/test/support"
)

// applied makes an instance as somebody does with kubectl, and returns it once the cache shows the status.
func (h *harness) applied(name, generationID, userID string, status func(*v1alpha1.PreviewInstance)) *v1alpha1.PreviewInstance {
	h.t.Helper()
	h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) { h.cluster.setStatus(h.t, pvi.Name, status) })
	pvi := &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PreviewInstanceSpec{
			GenerationID: generationID, UserID: userID, DesiredState: v1alpha1.DesiredRunning,
			Source: v1alpha1.Source{Inline: &v1alpha1.InlineSource{Files: []v1alpha1.SourceFile{{Path: "main.py", Content: "app = 1"}}}},
		},
	}
	h.must(h.cluster.Create(h.t.Context(), pvi))
	support.Eventually(h.t, "the cache shows the instance", func() bool {
		cached, err := h.api.instances.Cached(name)
		return err == nil && cached.UID == pvi.UID && cached.Status.Phase != ""
	})
	return pvi
}

// The ways in which somebody with kubectl and somebody with a browser can meet at one generation.
func TestPreviewsMadeWithKubectl(t *testing.T) {
	type caller struct {
		user string
		role auth.Role
	}
	alice, bob, root := caller{"alice", auth.RoleUser}, caller{"bob", auth.RoleUser}, caller{"root", auth.RoleAdmin}
	type instance struct {
		name, user string
		status     func(*v1alpha1.PreviewInstance)
	}
	running, stopped := runningAt("127.0.0.1:3001"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested)
	tests := map[string]struct {
		// owner of the stored generation; nobody has stored it when empty.
		owner string
		// instances in the order in which they were made, a second apart.
		instances []instance
		// want is the name of the preview that a caller sees, or the slug of the problem.
		want map[caller]string
	}{
		"of a stored generation": {
			owner: "alice", instances: []instance{{"mine", "alice", running}},
			want: map[caller]string{alice: "mine", bob: "forbidden", root: "mine"},
		},
		"of a generation that nobody has stored": {
			instances: []instance{{"mine", "alice", running}},
			want:      map[caller]string{alice: "mine", bob: "generation-not-found", root: "mine"},
		},
		"of somebody else's generation": {
			owner: "alice", instances: []instance{{"theirs", "bob", running}},
			want: map[caller]string{alice: "preview-not-found", bob: "forbidden", root: "preview-not-found"},
		},
		"of somebody else's generation, under the name that launches use": {
			owner: "alice", instances: []instance{{"mine", "alice", running}, {instanceName("gen"), "bob", running}},
			want: map[caller]string{alice: "mine", bob: "forbidden", root: "mine"},
		},
		"of one id by two users": {
			instances: []instance{{"mine", "alice", running}, {"theirs", "bob", running}},
			want:      map[caller]string{alice: "mine", bob: "theirs", root: "theirs"},
		},
		"the launched one goes first": {
			owner: "alice", instances: []instance{{instanceName("gen"), "alice", stopped}, {"newer", "alice", running}},
			want: map[caller]string{alice: instanceName("gen"), root: instanceName("gen")},
		},
		"then the newest live one": {
			instances: []instance{{"a", "alice", running}, {"c", "alice", running}, {"b", "alice", running}, {"d", "alice", stopped}},
			want:      map[caller]string{alice: "b", root: "b"},
		},
		"then the newest": {
			instances: []instance{{"a", "alice", stopped}, {"c", "alice", stopped}, {"b", "alice", stopped}},
			want:      map[caller]string{alice: "b"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			if tt.owner != "" {
				h.stored("gen", tt.owner)
			}
			uids := map[string]string{}
			for _, i := range tt.instances {
				uids[i.name] = string(h.applied(i.name, "gen", i.user, i.status).UID)
				h.cluster.age(time.Second)
			}
			got, want := map[caller]string{}, map[caller]string{}
			for who, name := range tt.want {
				want[who] = name
				if uid, ok := uids[name]; ok {
					want[who] = uid
				}
				a := h.do(call{method: "GET", path: base + "gen/preview/status", token: h.token(who.user, who.role)})
				got[who] = a.slug()
				if a.status == http.StatusOK {
					got[who] = decode[statusReply](h, a, http.StatusOK).ID
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("who sees what (-want +got):\n%s", diff)
			}
		})
	}
}

// Everything that the HTTP API does with a preview works for one that was made with kubectl.
func TestAPreviewMadeWithKubectlIsUsedAndStopped(t *testing.T) {
	h := newHarness(t, nil)
	address, _ := application(t, func(http.ResponseWriter, *http.Request) {})
	pvi := h.applied("by-hand", "gen", "alice", runningAt(address))
	token := decode[tokenReply](h, h.do(tokenCall(h, "gen", "alice")), http.StatusOK)
	if token.ID != string(pvi.UID) {
		t.Errorf("a token for %s, want %s", token.ID, pvi.UID)
	}
	a := proxied(h, "alice", token.SessionToken, `{"method":"GET","path":"/"}`)
	if got := decode[requestReply](h, a, http.StatusOK); got.StatusCode != http.StatusOK {
		t.Errorf("the application answered %+v", got)
	}
	if a := get(h, base+"gen/preview/config", "alice"); a.status != http.StatusOK {
		t.Errorf("config: %d %s", a.status, a.body)
	}
	if a := h.do(call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", auth.RoleUser)}); a.status != http.StatusNoContent {
		t.Errorf("stop: %d %s", a.status, a.body)
	}
	now, err := h.api.instances.Live(t.Context(), "by-hand")
	h.must(err)
	if now.Spec.DesiredState != v1alpha1.DesiredStopped {
		t.Errorf("it was not stopped: %+v", now.Spec)
	}
	// A launch needs files of the gateway's own.
	if a := h.do(launchCall(h, "gen", "alice", nil)); a.slug() != "generation-not-found" {
		t.Errorf("launch: %d %s", a.status, a.body)
	}
}

func TestDeletingAGenerationDeletesEveryPreviewOfIt(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.applied("by-hand", "gen", "alice", allocated(3001))
	h.applied("of-another-user", "gen", "bob", allocated(3002))
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	if a := h.do(call{method: "DELETE", path: base + "gen", token: h.token("alice", auth.RoleUser)}); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for name, want := range map[string]bool{"by-hand": false, "of-another-user": true, instanceName("gen"): false} {
		if _, err := h.api.instances.Live(t.Context(), name); errors.Is(err, errNoInstance) == want {
			t.Errorf("%s: %v, want it there: %t", name, err, want)
		}
	}
}
