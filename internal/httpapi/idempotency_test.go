package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
)

func keyed(c call, key string) call {
	c.header = map[string]string{"Idempotency-Key": key}
	return c
}

// replayed checks that an answer is a replay, and returns it.
func replayed(h *harness, a answer, status int) launchReply {
	h.t.Helper()
	if a.header.Get("Idempotency-Replayed") != "true" {
		h.t.Errorf("not replayed: %d %s", a.status, a.body)
	}
	return decode[launchReply](h, a, status)
}

func fresh(h *harness, a answer, status int) launchReply {
	h.t.Helper()
	if a.header.Get("Idempotency-Replayed") != "" {
		h.t.Errorf("replayed: %d %s", a.status, a.body)
	}
	return decode[launchReply](h, a, status)
}

func TestRepeatedLaunchIsReplayed(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	first := fresh(h, h.do(keyed(launchCall(h, "gen", "alice", `{"env":{"A":"1","B":"2"},"timeout":30}`), "k")), http.StatusCreated)

	// Spelled differently it is the same request, and 201 again.
	h.clock.advance(time.Minute)
	again := replayed(h, h.do(keyed(launchCall(h, "gen", "alice", `{"timeout": 30, "project_id": null, "env": {"B":"2","A":"1"}}`), "k")), http.StatusCreated)
	if again.SessionToken == first.SessionToken {
		t.Error("the session token was remembered")
	}
	h.must(h.api.signer.Check(again.SessionToken, first.ID, "alice"))
	want := first
	want.SessionToken, want.SessionExpiresAt = again.SessionToken, first.SessionExpiresAt.Add(time.Minute)
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("replayed (-first +again):\n%s", diff)
	}

	// The state is that of now, also after a wait.
	c := keyed(launchCall(h, "gen", "alice", `{"env":{"A":"1","B":"2"},"timeout":30}`), "k")
	c.path += "?wait=5"
	done := make(chan answer, 1)
	go func() { done <- h.do(c) }()
	support.Eventually(h.t, "the replay is held", func() bool { return h.waits("gen") })
	h.cluster.setStatus(t, instanceName("gen"), runningAt("127.0.0.1:3001"))
	if got := replayed(h, <-done, http.StatusCreated); got.Status != "running" || got.ID != first.ID {
		t.Errorf("got %+v", got)
	}
	h.cluster.setStatus(t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	if got := replayed(h, h.do(c), http.StatusCreated); got.Status != "stopped" || got.ID != first.ID {
		t.Errorf("got %+v", got)
	}

	// Another user's key, and another key, are others.
	h.stored("theirs", "bob")
	fresh(h, h.do(keyed(launchCall(h, "theirs", "bob", nil), "k")), http.StatusCreated)
	if got := fresh(h, h.do(keyed(launchCall(h, "gen", "alice", nil), "k2")), http.StatusCreated); got.ID == first.ID {
		t.Error("a stopped preview was returned")
	}
	// The preview of the first key has made way for another.
	if got := replayed(h, h.do(c), http.StatusCreated); got.ID != first.ID || got.Status != "stopped" {
		t.Errorf("got %+v", got)
	}
	if n := h.instances(); n != 2 {
		t.Errorf("%d instances", n)
	}
}

func TestReplayOfAPreviewThatIsGone(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	first := fresh(h, h.do(keyed(launchCall(h, "gen", "alice", nil), "k")), http.StatusCreated)
	pvi, err := h.api.instances.Live(t.Context(), instanceName("gen"))
	h.must(err)
	h.must(h.api.instances.Delete(t.Context(), pvi))
	got := replayed(h, h.do(keyed(launchCall(h, "gen", "alice", nil), "k")), http.StatusCreated)
	want := first
	want.Status, want.Port, want.BaseURL, want.SessionToken, want.SessionExpiresAt = "stopped", nil, nil, got.SessionToken, testTime
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("replayed (-want +got):\n%s", diff)
	}
	if h.api.signer.Check(got.SessionToken, first.ID, "alice") == nil {
		t.Error("the token of a preview that is gone is valid")
	}
	if n := h.instances(); n != 0 {
		t.Errorf("%d instances: it was launched again", n)
	}
	// Launching is off, and a replay launches nothing.
	h.configure(func(s *settings.Settings) { s.Enabled = false })
	replayed(h, h.do(keyed(launchCall(h, "gen", "alice", nil), "k")), http.StatusCreated)
	h.configure(func(s *settings.Settings) { s.Enabled = true })
	// The key is free again in time.
	h.clock.advance(24 * time.Hour)
	c := keyed(launchCall(h, "gen", "alice", nil), "k")
	if got := fresh(h, h.do(c), http.StatusCreated); got.ID == first.ID {
		t.Errorf("got %+v", got)
	}
}

func TestKeyOfAnotherRequest(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.stored("gen2", "alice")
	fresh(h, h.do(keyed(launchCall(h, "gen", "alice", `{"timeout":30}`), "k")), http.StatusCreated)
	for name, c := range map[string]call{
		"another body":       launchCall(h, "gen", "alice", `{"timeout":31}`),
		"no body":            launchCall(h, "gen", "alice", nil),
		"another generation": launchCall(h, "gen2", "alice", `{"timeout":30}`),
	} {
		a := h.do(keyed(c, "k"))
		if a.status != http.StatusUnprocessableEntity || a.slug() != "idempotency-key-reused" || a.field() != "Idempotency-Key" || a.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if n := h.instances(); n != 1 {
		t.Errorf("%d instances", n)
	}
}

func TestKeyInUse(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	hold, held := make(chan struct{}), make(chan struct{})
	h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) {
		close(held)
		<-hold
		h.cluster.setStatus(t, pvi.Name, allocated(3001))
	})
	c := keyed(launchCall(h, "gen", "alice", nil), "k")
	var first answer
	var wait sync.WaitGroup
	wait.Go(func() { first = h.do(c) })
	<-held
	a := h.do(c)
	if a.status != http.StatusConflict || a.slug() != "idempotency-key-in-use" || a.header.Get("Retry-After") != "2" || a.field() != "Idempotency-Key" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	close(hold)
	wait.Wait()
	launch := fresh(h, first, http.StatusCreated)
	if got := replayed(h, h.do(c), http.StatusCreated); got.ID != launch.ID {
		t.Errorf("replayed %s, first %s", got.ID, launch.ID)
	}
}

// Whatever a retry may change is not remembered.
func TestErrorsAreNotRemembered(t *testing.T) {
	tests := map[string]struct {
		status     int
		fail, mend func(h *harness)
	}{
		"turned off": {
			503,
			func(h *harness) { h.configure(func(s *settings.Settings) { s.Enabled = false }) },
			func(h *harness) { h.configure(func(s *settings.Settings) { s.Enabled = true }) },
		},
		"too many previews": {
			429,
			func(h *harness) {
				h.launched("other", "alice")
				h.configure(func(s *settings.Settings) { s.MaxPerUser = 1 })
			},
			func(h *harness) { h.configure(func(s *settings.Settings) { s.MaxPerUser = 2 }) },
		},
		"fault of the API server": {
			500,
			func(h *harness) { h.cluster.setFailure("create", errors.New("refused")) },
			func(h *harness) { h.cluster.setFailure("create", nil) },
		},
		"name taken": {
			409,
			func(h *harness) { h.applied(instanceName("gen"), "gen", "mallory", allocated(3009)) },
			func(h *harness) {
				pvi, err := h.api.instances.Live(h.t.Context(), instanceName("gen"))
				h.must(err)
				h.must(h.api.instances.Delete(h.t.Context(), pvi))
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			h.stored("gen", "alice")
			tt.fail(h)
			c := keyed(launchCall(h, "gen", "alice", nil), "k")
			if a := h.do(c); a.status != tt.status {
				t.Fatalf("%d %s", a.status, a.body)
			}
			tt.mend(h)
			fresh(h, h.do(c), http.StatusCreated)
			replayed(h, h.do(c), http.StatusCreated)
		})
	}
}

// The client goes while its launch is being served: the retry is served, and finds the same preview.
func TestKeyOfAClientThatHasGone(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	ctx, cancel := context.WithCancel(t.Context())
	h.cluster.setManager(func(*v1alpha1.PreviewInstance) { cancel() })
	c := keyed(launchCall(h, "gen", "alice", nil), "k")
	request, err := http.NewRequestWithContext(ctx, c.method, h.url+c.path, http.NoBody)
	h.must(err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Idempotency-Key", "k")
	if response, err := h.http.Do(request); err == nil {
		response.Body.Close()
		t.Fatal("the client did not go")
	}
	support.Eventually(h.t, "the gateway has noticed", func() bool { return strings.Contains(h.log.String(), `"status":499`) })
	h.cluster.setStatus(t, instanceName("gen"), allocated(3001))
	fresh(h, h.do(c), http.StatusOK)
	replayed(h, h.do(c), http.StatusOK)
}

func TestBadIdempotencyKeys(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	token := h.token("alice", auth.RoleUser)
	for name, values := range map[string][]string{
		"empty": {""}, "blank": {" "}, "space inside": {"a b"}, "too long": {strings.Repeat("k", 256)},
		"not ASCII": {"ключ"}, "tab": {"a\tb"}, "twice": {"a", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+base+"gen/preview/launch", http.NoBody)
			h.must(err)
			request.Header.Set("Authorization", "Bearer "+token)
			request.Header["Idempotency-Key"] = values
			if a := h.send(request); a.status != http.StatusBadRequest || a.field() != "Idempotency-Key" {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	fresh(h, h.do(keyed(launchCall(h, "gen", "alice", nil), strings.Repeat("~", 255))), http.StatusCreated)
	fresh(h, h.do(keyed(launchCall(h, "gen", "alice", nil), "!")), http.StatusOK)
}

// fullKeys has no place for another key.
type fullKeys struct{ IdempotencyStore }

func (fullKeys) Begin(context.Context, string, string, string, time.Time, time.Duration) (store.IdempotencyResult, error) {
	return store.IdempotencyResult{}, store.ErrTooManyKeys
}

// brokenKeys forgets what it was told.
type brokenKeys struct{ IdempotencyStore }

func (brokenKeys) Complete(context.Context, store.Lease, int, []byte) error {
	return store.ErrLeaseLost
}

func TestFaultsOfTheIdempotencyStore(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.Idempotency = fullKeys{o.Idempotency} })
	h.stored("gen", "alice")
	if a := h.do(keyed(launchCall(h, "gen", "alice", nil), "k")); a.slug() != "too-many-launches" || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	h = newHarness(t, func(o *Options) { o.Idempotency = brokenKeys{o.Idempotency} })
	h.stored("gen", "alice")
	fresh(h, h.do(keyed(launchCall(h, "gen", "alice", nil), "k")), http.StatusCreated)
	if !strings.Contains(h.log.String(), "could not be ended") {
		t.Error("nobody is told")
	}
}
