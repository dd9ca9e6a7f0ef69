package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
)

const frontEnd = "https://app.example.com"

// withOrigins configures origins.
func withOrigins(origins ...string) func(*Options) {
	return func(o *Options) {
		s := o.Settings.Current()
		s.CORSOrigins = origins
		o.Settings = settings.Fixed(s)
	}
}

// corsHeader is what an answer says to browsers.
func corsHeader(a answer) map[string]string {
	got := map[string]string{}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			got[name] = strings.Join(a.header[name], ", ")
		}
	}
	return got
}

func preflight(path, origin, method string) call {
	return call{method: http.MethodOptions, path: path, header: map[string]string{
		"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization",
	}}
}

// A preflight carries no credentials and comes before every request of a page: it is answered on every route.
func TestPreflights(t *testing.T) {
	h := newHarness(t, withOrigins(frontEnd))
	for _, route := range h.api.engine.Routes() {
		path := strings.NewReplacer(":generation_id", "gen", ":file", "start.js").Replace(route.Path)
		a := h.do(preflight(path, frontEnd, route.Method))
		if a.status != http.StatusNoContent || len(a.body) != 0 || a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s %s: %d %s", route.Method, path, a.status, a.body)
		}
		got := corsHeader(a)
		if got["Access-Control-Allow-Origin"] != frontEnd || !strings.Contains(got["Access-Control-Allow-Headers"], "X-Preview-Token") ||
			!strings.Contains(got["Access-Control-Allow-Methods"], route.Method) {
			t.Errorf("%s %s: %v", route.Method, path, got)
		}
		if strangers := h.do(preflight(path, "https://evil.example", route.Method)); strangers.status != http.StatusMethodNotAllowed {
			t.Errorf("a stranger's, %s %s: %d", route.Method, path, strangers.status)
		}
	}
	// What asks for no method is no preflight.
	if a := h.do(call{method: "OPTIONS", path: "/healthz", header: map[string]string{"Origin": frontEnd}}); a.status != http.StatusMethodNotAllowed {
		t.Errorf("OPTIONS: %d", a.status)
	}
}

func TestOriginsMayReadEveryAnswer(t *testing.T) {
	h := newHarness(t, withOrigins(frontEnd))
	withPod(h)
	h.launched("gen", "alice")
	token := h.token("alice", auth.RoleUser)
	calls := map[string]call{
		"success":         {method: "GET", path: base + "gen", token: token},
		"unauthenticated": {method: "GET", path: base + "gen"},
		"not found":       {method: "GET", path: base + "other", token: token},
		"no route":        {method: "GET", path: "/nope"},
		"no method":       {method: "PATCH", path: base + "gen"},
		"bad body":        {method: "PUT", path: base + "gen", token: token, body: "{"},
		"documentation":   {method: "GET", path: "/openapi.json"},
	}
	allowed := map[string]string{
		"Access-Control-Allow-Origin": frontEnd, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
		"Access-Control-Expose-Headers": "X-Request-Id, Location, Retry-After, Preference-Applied, Link, Idempotency-Replayed",
	}
	for name, c := range calls {
		for origin, want := range map[string]map[string]string{
			frontEnd:                           allowed,
			"https://evil.example":             {"Vary": "Origin"},
			"https://app.example.com.evil.net": {"Vary": "Origin"},
			"http://app.example.com":           {"Vary": "Origin"},
			"null":                             {"Vary": "Origin"},
		} {
			c.header = map[string]string{"Origin": origin}
			if diff := cmp.Diff(want, corsHeader(h.do(c))); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, origin, diff)
			}
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+base+"gen/preview/logs/stream", nil)
	h.must(err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Origin", frontEnd)
	stream, err := h.http.Do(request)
	h.must(err)
	defer stream.Body.Close()
	if got := corsHeader(answer{header: stream.Header}); stream.StatusCode != http.StatusOK || !cmp.Equal(allowed, got) {
		t.Errorf("stream: %d %v", stream.StatusCode, got)
	}
}

func TestWithoutOrigins(t *testing.T) {
	h := newHarness(t, nil)
	if a := h.do(preflight("/healthz", frontEnd, "GET")); a.status != http.StatusMethodNotAllowed || len(corsHeader(a)) != 0 {
		t.Errorf("%d %v", a.status, a.header)
	}
	if a := h.do(call{method: "GET", path: "/healthz", header: map[string]string{"Origin": frontEnd}}); a.status != http.StatusOK || len(corsHeader(a)) != 0 {
		t.Errorf("%d %v", a.status, a.header)
	}
}

// A panic is an answer, too.
func TestOriginsMayReadPanics(t *testing.T) {
	h := newHarness(t, withOrigins("*"))
	h.api.store = nil
	a := h.do(call{method: "GET", path: base + "gen", token: h.token("alice", auth.RoleUser), header: map[string]string{"Origin": frontEnd}})
	if a.status != http.StatusInternalServerError || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestOriginsChangeAtRunTime(t *testing.T) {
	var mu sync.Mutex
	listed := []string{frontEnd}
	o, err := newOrigins(func() []string { mu.Lock(); defer mu.Unlock(); return listed })
	if err != nil {
		t.Fatal(err)
	}
	allows := func(origin string) bool {
		policy, err := o.current()
		if err != nil {
			t.Error(err)
		}
		header := http.Header{}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Origin", origin)
		policy.Apply(header, r)
		return header.Get("Access-Control-Allow-Origin") == origin
	}
	if !allows(frontEnd) || allows("https://new.example") {
		t.Error("the first list is not in force")
	}
	listed = []string{"https://new.example"}
	if allows(frontEnd) || !allows("https://new.example") {
		t.Error("the second list is not in force")
	}
	listed = []string{"https://bad.example/path"}
	if _, err := o.current(); err == nil {
		t.Error("a bad list is not reported")
	}
	if !allows("https://new.example") {
		t.Error("a bad list changes the policy, or is reported twice")
	}
	if _, err := newOrigins(func() []string { return listed }); err == nil {
		t.Error("a bad list is accepted at the start")
	}
}
