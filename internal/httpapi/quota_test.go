package httpapi

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
)

// configure changes the settings in force.
func (h *harness) configure(change func(*settings.Settings)) {
	now := h.api.settings.Current()
	change(&now)
	h.api.settings = settings.Fixed(now)
}

func TestLaunchingTurnedOff(t *testing.T) {
	h := newHarness(t, nil)
	address, _ := application(t, func(http.ResponseWriter, *http.Request) {})
	launch := h.runs("gen", "alice", address)
	h.configure(func(s *settings.Settings) { s.Enabled = false })
	for _, user := range []struct {
		id   string
		role auth.Role
	}{{"alice", auth.RoleUser}, {"root", auth.RoleAdmin}} {
		c := launchCall(h, "gen", user.id, nil)
		c.token = h.token(user.id, user.role)
		if a := h.do(c); a.status != http.StatusServiceUnavailable || a.slug() != "launching-disabled" || a.header.Get("Retry-After") != "60" {
			t.Errorf("%s: %d %v %s", user.id, a.status, a.header, a.body)
		}
	}
	if n := h.instances(); n != 1 {
		t.Errorf("%d instances were created", n)
	}
	// Everything else goes on.
	h.stored("other", "alice")
	token := decode[tokenReply](h, h.do(tokenCall(h, "gen", "alice")), http.StatusOK)
	if a := proxied(h, "alice", token.SessionToken, `{"method":"GET","path":"/"}`); a.status != http.StatusOK || token.ID != launch.ID {
		t.Errorf("request: %d %s", a.status, a.body)
	}
	for _, route := range []string{"status", "config"} {
		if a := get(h, base+"gen/preview/"+route, "alice"); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", route, a.status, a.body)
		}
	}
	h.do(call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", auth.RoleUser)})
	h.configure(func(s *settings.Settings) { s.Enabled = true })
	if again := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated); again.ID == launch.ID {
		t.Error("the stopped preview was returned")
	}
}

func TestLaunchRate(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(s *settings.Settings) { s.LaunchesPerMinute = 3 })
	h.launched("gen", "alice")
	// To find what runs is a launch, too, and so is what is refused, and what an administrator does for the owner.
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusOK)
	admin := launchCall(h, "gen", "root", `{"timeout":-1}`)
	admin.token = h.token("root", auth.RoleAdmin)
	if a := h.do(admin); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.body)
	}
	for range 2 {
		if a := h.do(launchCall(h, "gen", "alice", nil)); a.status != http.StatusTooManyRequests || a.slug() != "too-many-launches" || a.header.Get("Retry-After") != "20" {
			t.Errorf("%d %v %s", a.status, a.header, a.body)
		}
	}
	// Nobody else is meant, and what is not hers does not count.
	h.launched("other", "bob")
	if a := h.do(launchCall(h, "other", "alice", nil)); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
	h.clock.advance(20 * time.Second)
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusOK)
	// The limit is that of the moment.
	h.configure(func(s *settings.Settings) { s.LaunchesPerMinute = 6000 })
	if a := h.do(launchCall(h, "gen", "alice", nil)); a.slug() != "too-many-launches" {
		t.Errorf("%d %s", a.status, a.body)
	}
	h.clock.advance(time.Second)
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusOK)
}

// instances counts those that are there.
func (h *harness) instances() int {
	h.t.Helper()
	var list v1alpha1.PreviewInstanceList
	h.must(h.cluster.List(h.t.Context(), &list))
	return len(list.Items)
}

func tooMany(h *harness, a answer) {
	h.t.Helper()
	if a.status != http.StatusTooManyRequests || a.slug() != "too-many-previews" || a.header.Get("Retry-After") == "" {
		h.t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestMaxPerUser(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(s *settings.Settings) { s.MaxPerUser = 2 })
	h.launched("one", "alice")
	// What is made with kubectl counts; what has ended, or is another user's, does not.
	h.applied("by-hand", "two", "alice", allocated(3002))
	h.applied("ended", "three", "alice", ended(v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled))
	h.applied("claims-alice's", "one", "bob", allocated(3004))
	h.cluster.setManager(func(pvi *v1alpha1.PreviewInstance) { h.cluster.setStatus(t, pvi.Name, allocated(3005)) })
	h.stored("four", "alice")
	tooMany(h, h.do(launchCall(h, "four", "alice", nil)))
	admin := launchCall(h, "four", "root", nil)
	admin.token = h.token("root", auth.RoleAdmin)
	tooMany(h, h.do(admin))
	if n := h.instances(); n != 4 {
		t.Errorf("%d instances were created", n)
	}
	// What runs is found, however many there are.
	decode[launchReply](h, h.do(launchCall(h, "one", "alice", nil)), http.StatusOK)
	h.configure(func(s *settings.Settings) { s.MaxPerUser = 1 })
	decode[launchReply](h, h.do(launchCall(h, "one", "alice", nil)), http.StatusOK)
	h.configure(func(s *settings.Settings) { s.MaxPerUser = 2 })
	h.launched("five", "bob")
	// A stopped preview has made place at once.
	h.do(call{method: "DELETE", path: base + "one/preview", token: h.token("alice", auth.RoleUser)})
	decode[launchReply](h, h.do(launchCall(h, "four", "alice", nil)), http.StatusCreated)
	tooMany(h, h.do(launchCall(h, "one", "alice", nil)))
	h.configure(func(s *settings.Settings) { s.MaxPerUser = 3 })
	decode[launchReply](h, h.do(launchCall(h, "one", "alice", nil)), http.StatusCreated)
}

// No burst goes beyond the limit, although the cache does not show yet what is being created.
func TestMaxPerUserHoldsForConcurrentLaunches(t *testing.T) {
	h := newHarness(t, nil)
	const launches, most = 50, 7
	h.configure(func(s *settings.Settings) { s.MaxPerUser = most })
	for i := range launches {
		h.stored(fmt.Sprint("gen-", i), "alice")
	}
	codes := map[int]int{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range 2 * launches {
		wait.Go(func() {
			a := h.do(launchCall(h, fmt.Sprint("gen-", i%launches), "alice", nil))
			mu.Lock()
			defer mu.Unlock()
			codes[a.status]++
		})
	}
	wait.Wait()
	if n := h.instances(); n != most || codes[http.StatusCreated] != most || codes[http.StatusOK] > most {
		t.Errorf("%d were created, at most %d may be: %v", n, most, codes)
	}
	if len(h.api.quota.launching)+len(h.api.quota.unseen) != 0 {
		t.Errorf("left behind: %v, %v", h.api.quota.launching, h.api.quota.unseen)
	}
}

// A launch that fails takes no place, and one whose instance the cache has not shown yet keeps it.
func TestLaunchSlots(t *testing.T) {
	h := newHarness(t, nil)
	q := newQuota(h.api.instances)
	names := func() []string {
		var got []string
		for _, name := range []string{"a", "b", "c"} {
			if q.live("alice")[name] {
				got = append(got, name)
			}
		}
		return got
	}
	a, b := q.reserve("alice", "a", 2), q.reserve("alice", "b", 2)
	if again := q.reserve("alice", "a", 2); again == nil || q.reserve("alice", "c", 2) != nil || q.reserve("bob", "c", 1) == nil {
		t.Fatal("the limit is of other instances of the same user")
	} else {
		again.release()
	}
	if diff := cmp.Diff([]string{"a", "b"}, names()); diff != "" {
		t.Errorf("under way (-want +got):\n%s", diff)
	}
	a.release()
	b.uid = "not-shown-yet"
	b.release()
	if diff := cmp.Diff([]string{"b"}, names()); diff != "" {
		t.Errorf("after one failed (-want +got):\n%s", diff)
	}
	// Shown as gone.
	h.api.instances.rememberDeleted("not-shown-yet")
	if got := names(); got != nil || len(q.unseen) != 0 {
		t.Errorf("after it was shown: %v, %v", got, q.unseen)
	}
}

// What another gateway has launched a moment ago is found, although there is no place for it.
func TestAtTheLimitTheAPIServerIsAsked(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("one", "alice")
	h.stored("two", "alice")
	h.configure(func(s *settings.Settings) { s.MaxPerUser = 1 })
	meta, err := h.store.Generation(t.Context(), "two")
	h.must(err)
	other := new(launchBody).instance(meta)
	other.Namespace = namespace
	h.must(h.cluster.Create(t.Context(), other))
	if a := h.do(launchCall(h, "two", "alice", nil)); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}
