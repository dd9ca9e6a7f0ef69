package httpapi

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/ticket"
	"github.com/codebegen/preview-operator/test/support"
)

const streamPath = base + "gen/preview/logs/stream"

// ticketFor asks for a ticket to the log of generation gen.
func (h *harness) ticketFor(token string) ticketReply {
	h.t.Helper()
	return decode[ticketReply](h, h.do(call{method: "POST", path: base + "gen/preview/logs/ticket", token: token}), http.StatusCreated)
}

// follow opens a stream as an EventSource does: without headers of its own.
func (h *harness) follow(url string) *stream {
	h.t.Helper()
	return h.open(url, nil)
}

func TestTicketsOpenAStreamOnce(t *testing.T) {
	h := withPod(newHarness(t, func(o *Options) { o.MaxStreams, o.MaxStreamsPerUser = 16, 16 }))
	run := h.launched("gen", "alice").ID
	h.prints(run, 1, "INFO", "one")
	h.prints(run, 2, "INFO", "two")
	made := h.ticketFor(h.token("alice", auth.RoleUser))
	want := ticketReply{ExpiresAt: testTime.Add(30 * time.Second), URL: streamPath + "?ticket=" + made.Ticket}
	if diff := cmp.Diff(want, made, cmpopts.IgnoreFields(ticketReply{}, "Ticket")); diff != "" {
		t.Errorf("ticket (-want +got):\n%s", diff)
	}
	h.follow(made.URL).expect("retry: 3000", frame(1, "INFO", "one"), frame(2, "INFO", "two"))
	for range 2 {
		if a := h.do(call{method: "GET", path: made.URL}); a.status != http.StatusUnauthorized || a.slug() != "unauthorized" || !strings.Contains(string(a.body), "ask for a new one") {
			t.Errorf("a used ticket: %d %s", a.status, a.body)
		}
	}
	// A new EventSource cannot say after which event to go on but in its URL; one that reconnects knows better.
	again := h.ticketFor(h.token("alice", auth.RoleUser)).URL + "&last_event_id=1"
	h.follow(again).expect("retry: 3000", frame(2, "INFO", "two"))
	newer := h.ticketFor(h.token("alice", auth.RoleUser)).URL + "&last_event_id=2"
	h.open(newer, http.Header{"Last-Event-Id": {"1"}}).expect("retry: 3000", frame(2, "INFO", "two"))
	// Where it goes on can be said beside a bearer token, too.
	h.open(streamPath+"?last_event_id=1", http.Header{"Authorization": {"Bearer " + h.token("alice", auth.RoleUser)}}).
		expect("retry: 3000", frame(2, "INFO", "two"))
	if strings.Contains(h.log.String(), made.Ticket) {
		t.Error("the ticket is in the log")
	}
	h.do(call{method: "GET", path: streamPath + "?ticket=made-up"})
	h.expectTickets(map[string]int{ticketIssued: 3, ticketRedeemed: 3, ticket.ReasonUsed: 2, ticket.ReasonForged: 1})
}

// Incidents 17 and 23: what a ticket is good for besides. Nothing that is refused is used up.
func TestIncidentTicketsAreGoodForNothingElse(t *testing.T) {
	h := withPod(newHarness(t, nil))
	launch := h.launched("gen", "alice")
	h.stored("other", "alice")
	decode[launchReply](h, h.do(launchCall(h, "other", "alice", nil)), http.StatusCreated)
	made := h.ticketFor(h.token("alice", auth.RoleUser)).Ticket
	refused := map[string]string{
		"another preview":      base + "other/preview/logs/stream?ticket=" + made,
		"no generation":        base + "nope/preview/logs/stream?ticket=" + made,
		"cut":                  streamPath + "?ticket=" + made[:len(made)-1],
		"longer":               streamPath + "?ticket=" + made + "A",
		"garbage":              streamPath + "?ticket=x",
		"the session token":    streamPath + "?ticket=" + launch.SessionToken,
		"the bearer token":     streamPath + "?ticket=" + h.token("alice", auth.RoleUser),
		"on a route of status": base + "gen/preview/status?ticket=" + made,
		"on a generation":      base + "gen?ticket=" + made,
	}
	for name, path := range refused {
		if a := h.do(call{method: "GET", path: path}); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for name, c := range map[string]call{
		"as a bearer token": {method: "GET", path: streamPath, token: made},
		"as a cookie":       {method: "GET", path: streamPath, header: map[string]string{"Cookie": "ticket=" + made}},
	} {
		if a := h.do(c); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := h.do(call{
		method: "POST", path: base + "gen/preview/request", token: h.token("alice", auth.RoleUser), header: map[string]string{"X-Preview-Token": made},
		body: `{"method":"GET","path":"/"}`,
	}); a.slug() != "invalid-preview-token" {
		t.Errorf("as a session token: %d %s", a.status, a.body)
	}
	h.follow(streamPath + "?ticket=" + made).expect("retry: 3000")
}

func TestStreamQueries(t *testing.T) {
	h := withPod(newHarness(t, nil))
	h.launched("gen", "alice")
	bearer := h.token("alice", auth.RoleUser)
	made := h.ticketFor(bearer).Ticket
	tests := map[string]struct {
		query, field string
		bearer       bool
	}{
		"both":                     {"?ticket=" + made, "ticket", true},
		"both, ticket empty":       {"?ticket=", "ticket", true},
		"ticket empty":             {"?ticket=", "ticket", false},
		"ticket twice":             {"?ticket=" + made + "&ticket=" + made, "ticket", false},
		"access_token":             {"?access_token=" + bearer, "access_token", false},
		"token":                    {"?token=" + bearer, "token", false},
		"authorization":            {"?authorization=Bearer%20" + bearer, "authorization", false},
		"bearer_token beside":      {"?ticket=" + made + "&bearer_token=" + bearer, "bearer_token", false},
		"unknown beside a bearer":  {"?tail=10", "tail", true},
		"name in another case":     {"?Ticket=" + made, "Ticket", false},
		"broken escape":            {"?ticket=%zz", "query", false},
		"semicolon":                {"?ticket=" + made + ";a=b", "query", false},
		"bad event id":             {"?ticket=" + made + "&last_event_id=x", "last_event_id", false},
		"empty event id":           {"?ticket=" + made + "&last_event_id=", "last_event_id", false},
		"bad event id of a bearer": {"?last_event_id=1-0-0", "last_event_id", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := call{method: "GET", path: streamPath + tt.query}
			if tt.bearer {
				c.token = bearer
			}
			if a := h.do(c); a.status != http.StatusBadRequest || a.field() != tt.field || strings.Contains(string(a.body), bearer) {
				t.Errorf("%d, field %q, want %q: %s", a.status, a.field(), tt.field, a.body)
			}
		})
	}
	h.follow(streamPath + "?ticket=" + made).expect("retry: 3000")
}

// Incident 17: a bearer token in the query opens no route.
func TestIncidentBearersInQueriesAreNotAccepted(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	token := h.token("alice", auth.RoleUser)
	for _, c := range ownedRoutes(h) {
		for _, name := range []string{"access_token", "token", "bearer", "authorization", "jwt"} {
			c.path, _, _ = strings.Cut(c.path, "?")
			c.path += "?" + name + "=" + token
			if a := h.do(c); a.status != http.StatusUnauthorized && (a.status != http.StatusBadRequest || a.field() != name) {
				t.Errorf("%s %s: %d %s", c.method, name, a.status, a.body)
			}
		}
	}
}

// expectTickets compares what was counted of tickets, but for what never happened.
func (h *harness) expectTickets(want map[string]int) {
	h.t.Helper()
	got := map[string]int{}
	for _, series := range regexp.MustCompile(`(?m)^preview_gateway_tickets_total\{result="(.*)"\} (\d+)$`).FindAllStringSubmatch(
		string(h.do(call{method: "GET", path: "/metrics"}).body), -1) {
		if count, err := strconv.Atoi(series[2]); err != nil || count > 0 {
			got[series[1]] = count
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("tickets counted (-want +got):\n%s", diff)
	}
}

func TestTicketsEnd(t *testing.T) {
	tests := map[string]struct {
		reason string
		end    func(h *harness)
	}{
		"after 30 seconds":   {ticket.ReasonExpired, func(h *harness) { h.clock.advance(30 * time.Second) }},
		"with their preview": {ticket.ReasonOtherInstance, func(h *harness) { relaunch(h) }},
		"with its deletion": {ticket.ReasonOtherInstance, func(h *harness) {
			pvi, err := h.api.instances.Cached(instanceName("gen"))
			h.must(err)
			h.must(h.api.instances.Delete(h.t.Context(), pvi))
			support.Eventually(h.t, "it is gone", func() bool { return h.api.instances.Deleted(pvi.UID) })
		}},
		"with our memory of them": {ticket.ReasonUnknown, func(h *harness) {
			// Whether it was used cannot be found out, so that it is not taken.
			desk, err := ticket.NewDesk([]byte(sessionKey), noMemory{})
			h.must(err)
			h.api.tickets = desk
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := withPod(newHarness(t, nil))
			h.launched("gen", "alice")
			made := h.ticketFor(h.token("alice", auth.RoleUser))
			tt.end(h)
			if a := h.do(call{method: "GET", path: made.URL}); a.status != http.StatusUnauthorized {
				t.Errorf("%d %s", a.status, a.body)
			}
			if !strings.Contains(h.log.String(), "a ticket was refused") {
				t.Error("why is not in the log")
			}
			h.expectTickets(map[string]int{ticketIssued: 1, tt.reason: 1})
		})
	}
}

// noMemory is a Burner that cannot tell.
type noMemory struct{}

func (noMemory) BurnTicket(context.Context, string, time.Time) (bool, error) {
	return false, errors.New("the memory of tickets is gone")
}

// relaunch replaces the preview of generation gen.
func relaunch(h *harness) {
	h.t.Helper()
	h.cluster.setStatus(h.t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	next := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	h.sees("gen", func(pvi *v1alpha1.PreviewInstance) bool { return string(pvi.UID) == next.ID })
}

// A ticket lends the rights of its bearer, for as long as they last.
func TestTicketsHaveTheRightsOfTheirBearer(t *testing.T) {
	h := withPod(newHarness(t, nil))
	h.launched("gen", "alice")
	h.follow(h.ticketFor(h.token("root", auth.RoleAdmin)).URL).expect("retry: 3000")

	short, err := auth.Mint(h.auth, auth.Principal{UserID: "alice"}, time.Second)
	h.must(err)
	made := h.ticketFor(short)
	if !made.ExpiresAt.Equal(testTime.Add(time.Second)) {
		t.Errorf("it expires at %s, later than the bearer token", made.ExpiresAt)
	}
	// The clock of the harness stands still, and the deadline of a stream is measured by the real one.
	h.follow(made.URL).expect("retry: 3000", "event: end\ndata: {\"reason\":\"token-expired\"}", "closed")

	// Whoever lost the generation sees nothing of it.
	made = h.ticketFor(h.token("alice", auth.RoleUser))
	h.must(h.store.Delete(t.Context(), "gen", "alice"))
	decode[generationBody](h, h.do(call{
		method: "PUT", path: base + "gen", token: h.token("bob", auth.RoleUser), body: `{"project_id":"p","files":{"main.py":"b"}}`,
	}), http.StatusCreated)
	if a := h.do(call{method: "GET", path: made.URL}); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Streams that tickets open are counted like others.
func TestTicketStreamsAreBounded(t *testing.T) {
	h := withPod(newHarness(t, func(o *Options) { o.MaxStreamsPerUser = 1 }))
	h.launched("gen", "alice")
	token := h.token("alice", auth.RoleUser)
	h.follow(h.ticketFor(token).URL).expect("retry: 3000")
	if a := h.do(call{method: "GET", path: h.ticketFor(token).URL}); a.slug() != "too-many-streams" {
		t.Errorf("%d %s", a.status, a.body)
	}
}
