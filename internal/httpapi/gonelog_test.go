package httpapi

import (
	"net/http"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

// gone is a harness with a run of generation gen whose resource was deleted, and which has printed two lines.
func gone(t *testing.T, change func(*Options)) *harness {
	t.Helper()
	h := newHarness(t, change)
	h.recorded(ranOut("old", "gen", "alice", testTime.Add(-48*time.Hour)), ranOut("last", "gen", "alice", testTime.Add(-24*time.Hour)))
	h.prints("old", 1, "INFO", "of an earlier run")
	h.prints("last", 1, "INFO", "one")
	h.prints("last", 2, "ERROR", "two")
	return h
}

func TestLogStreamOfAPreviewThatIsGone(t *testing.T) {
	h := gone(t, nil)
	h.completes("last")
	alice := h.token("alice", auth.RoleUser)
	for name, open := range map[string]func() *stream{
		"bearer": func() *stream { return h.stream("gen", alice, "") },
		"admin":  func() *stream { return h.stream("gen", h.token("root", auth.RoleAdmin), "") },
		"ticket": func() *stream { return h.follow(h.ticketFor(alice).URL) },
	} {
		t.Run(name, func(t *testing.T) {
			open().expect("retry: 3000", frame(2, "INFO", "one"), frame(3, "ERROR", "two"), endFrame, "closed")
		})
	}
	h.stream("gen", alice, "2").expect("retry: 3000", frame(3, "ERROR", "two"), endFrame, "closed")
	h.follow(h.ticketFor(alice).URL+"&last_event_id=3").expect("retry: 3000", endFrame, "closed")
	for _, path := range []string{"logs/ticket", "logs/stream"} {
		method := map[string]string{"logs/ticket": "POST", "logs/stream": "GET"}[path]
		if a := h.do(call{method: method, path: base + "gen/preview/" + path, token: h.token("bob", auth.RoleUser)}); a.slug() != "generation-not-found" {
			t.Errorf("%s of another user: %d %s", path, a.status, a.body)
		}
	}
}

// A log that was never said to be complete is not waited for: the run has been over for long. What is known to be missing
// is told.
func TestLogStreamOfAPreviewThatWasLost(t *testing.T) {
	h := gone(t, func(o *Options) { o.LastLinesWait = time.Hour })
	from := testTime.Add(-24 * time.Hour)
	h.must(h.store.PutLogState(t.Context(), "last", store.LogState{MissingFrom: &from}))
	h.stream("gen", h.token("alice", auth.RoleUser), "").
		expect("retry: 3000", frame(2, "INFO", "one"), frame(3, "ERROR", "two"), "event: gap\ndata: {\"lost\":null}", endFrame, "closed")
}

// A ticket for a preview that is gone is for that one alone.
func TestTicketsOfPreviewsThatAreGone(t *testing.T) {
	h := gone(t, func(o *Options) { o.MaxStreams, o.MaxStreamsPerUser = 16, 16 })
	h.completes("last")
	h.recorded(ranOut("other", "gen2", "alice", testTime.Add(-time.Hour)))
	alice := h.token("alice", auth.RoleUser)
	refused := func(what, url string) {
		t.Helper()
		if a := h.do(call{method: "GET", path: url}); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	made := h.ticketFor(alice)
	refused("of another generation", base+"gen2/preview/logs/stream?ticket="+made.Ticket)
	h.follow(made.URL).expect("retry: 3000", frame(2, "INFO", "one"))
	refused("used", made.URL)

	made = h.ticketFor(alice)
	h.recorded(ranOut("newer", "gen", "alice", testTime.Add(-time.Hour)))
	refused("after a later run", made.URL)
	made = h.ticketFor(alice)
	again := ranOut("newer.1", "gen", "alice", testTime.Add(-time.Minute))
	again.InstanceUID, again.Restarts = "newer", 1
	h.recorded(again)
	h.follow(made.URL).expect("retry: 3000")
	made = h.ticketFor(alice)
	h.follow(made.URL).expect("retry: 3000")
	made = h.ticketFor(alice)
	launch := h.launched("gen", "alice")
	refused("after another launch", made.URL)

	// One that was made while the preview was there shows it also when it is gone by now.
	made = h.ticketFor(alice)
	run := ranOut(launch.ID, "gen", "alice", testTime)
	h.recorded(run)
	h.prints(run.UID, 1, "INFO", "its last words")
	h.completes(run.UID)
	h.deleted(instanceName("gen"))
	h.follow(made.URL).expect("retry: 3000", frame(4, "INFO", "its last words"), endFrame, "closed")
}
