package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/telemetry"
	"github.com/codebegen/preview-operator/test/support"
)

// Incident 2: an internal route on the public listener. Whoever adds a route has to add it here, and to docs/http-api.md.
func TestIncidentPublicRoutes(t *testing.T) {
	h := newHarness(t, nil)
	var got []string
	for _, route := range h.api.engine.Routes() {
		got = append(got, route.Method+" "+route.Path)
	}
	slices.Sort(got)
	want := []string{
		"DELETE /api/v1/generations/:generation_id",
		"DELETE /api/v1/generations/:generation_id/preview",
		"GET /api/v1/generations",
		"GET /api/v1/generations/:generation_id",
		"GET /api/v1/generations/:generation_id/preview/config",
		"GET /api/v1/generations/:generation_id/preview/endpoints",
		"GET /api/v1/generations/:generation_id/preview/logs",
		"GET /api/v1/generations/:generation_id/preview/logs/stream",
		"GET /api/v1/generations/:generation_id/preview/runs",
		"GET /api/v1/generations/:generation_id/preview/status",
		"GET /api/v1/previews",
		"GET /docs",
		"GET /docs/:file",
		"GET /healthz",
		"GET /metrics",
		"GET /openapi.json",
		"GET /readyz",
		"POST /api/v1/generations/:generation_id/preview/launch",
		"POST /api/v1/generations/:generation_id/preview/logs/ticket",
		"POST /api/v1/generations/:generation_id/preview/request",
		"POST /api/v1/generations/:generation_id/preview/token",
		"PUT /api/v1/generations/:generation_id",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// ownedRoutes are the routes that need a principal.
func ownedRoutes(h *harness) (calls []call) {
	for _, route := range h.api.engine.Routes() {
		if strings.HasPrefix(route.Path, "/api/") {
			c := call{method: route.Method, path: strings.ReplaceAll(route.Path, ":generation_id", "gen")}
			if c.method == http.MethodPut {
				c.body = `{"files":{"a":"stolen"}}`
			}
			calls = append(calls, c)
		}
	}
	return calls
}

// Incident 12: a route that somebody forgot to guard. Every route, whatever is added, against every kind of stranger.
func TestIncidentEveryRouteIsGuarded(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	mint := func(change func(*auth.Options), user string, role auth.Role, ttl time.Duration) string {
		opts := h.auth
		change(&opts)
		token, err := auth.Mint(opts, auth.Principal{UserID: user, Role: role}, ttl)
		h.must(err)
		return "Bearer " + token
	}
	same := func(*auth.Options) {}
	strangers := map[string]struct {
		header string
		status int
	}{
		"no token":       {"", 401},
		"empty":          {"Bearer ", 401},
		"basic":          {"Basic YWxpY2U6eA==", 401},
		"garbage":        {"Bearer x.y.z", 401},
		"expired":        {mint(same, "alice", auth.RoleUser, -time.Second), 401},
		"wrong audience": {mint(func(o *auth.Options) { o.Audience = "other" }, "alice", auth.RoleUser, time.Hour), 401},
		"wrong secret":   {mint(func(o *auth.Options) { o.Secret = []byte(strings.Repeat("x", 32)) }, "alice", auth.RoleUser, time.Hour), 401},
		"session token":  {"Bearer pvs1.e30.e30", 401},
		"another user":   {mint(same, "bob", auth.RoleUser, time.Hour), 403},
		"case of a user": {mint(same, "Alice", auth.RoleUser, time.Hour), 403},
	}
	for name, stranger := range strangers {
		for _, c := range ownedRoutes(h) {
			t.Run(name+" "+c.method+" "+c.path, func(t *testing.T) {
				c.header = map[string]string{"Authorization": stranger.header}
				if stranger.header == "" {
					c.header = nil
				}
				a := h.do(c)
				if stranger.status == http.StatusForbidden && !strings.Contains(c.path, "gen/") && !strings.HasSuffix(c.path, "/gen") {
					// A list of what is theirs.
					if a.status != http.StatusOK || strings.Contains(string(a.body), `"gen"`) {
						t.Errorf("%d: %s", a.status, a.body)
					}
					return
				}
				if a.status != stranger.status {
					t.Errorf("%d, want %d: %s", a.status, stranger.status, a.body)
				}
				if (a.status == 401) != (a.header.Get("WWW-Authenticate") != "") {
					t.Errorf("WWW-Authenticate: %q", a.header.Get("WWW-Authenticate"))
				}
			})
		}
	}
	// A service stores generations, and has no business with previews.
	for _, c := range ownedRoutes(h) {
		if strings.Contains(c.path, "/preview") && strings.Contains(c.path, "/gen/") {
			c.token = h.token("backend", auth.RoleService)
			if a := h.do(c); a.status != http.StatusForbidden {
				t.Errorf("service, %s %s: %d", c.method, c.path, a.status)
			}
		}
	}
	if got := decode[statusReply](h, h.do(call{method: "GET", path: base + "gen/preview/status", token: h.token("root", auth.RoleAdmin)}), 200); got.Status != "starting" {
		t.Errorf("the preview did not survive the strangers: %+v", got)
	}
	if archive, err := h.store.Generation(t.Context(), "gen"); err != nil || archive.UserID != "alice" || archive.Bytes != 7 {
		t.Errorf("the generation did not survive the strangers: %+v, %v", archive, err)
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	h := newHarness(t, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+base+"gen", nil)
	h.must(err)
	request.Header["Authorization"] = []string{"Bearer " + h.token("alice", auth.RoleUser), "Bearer " + h.token("bob", auth.RoleUser)}
	response, err := h.http.Do(request)
	h.must(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d", response.StatusCode)
	}
}

// Incidents 14, 15 and 16: paths that are repaired by a redirect, reflected as HTML, or decide by Host.
func TestIncidentOddPathsAndHosts(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	token := h.token("alice", auth.RoleUser)
	tests := map[string]struct {
		path   string
		status int
	}{
		"trailing slash":           {base + "gen/", 404},
		"double slash":             {"//evil.example/" + base + "gen", 404},
		"double slash inside":      {"/api//v1/generations/gen", 404},
		"other case":               {"/API/v1/generations/gen", 404},
		"dot segments":             {base + "../generations/gen", 404},
		"escaped slash in id":      {base + "gen%2Fpreview", 400},
		"escaped dots":             {base + "%2e%2e", 400},
		"escaped id":               {base + "g%65n", 200},
		"NUL":                      {base + "gen%00", 400},
		"script":                   {base + "%3Cscript%3Ealert(1)%3C%2Fscript%3E", 400},
		"script that is no route":  {"/%3Cscript%3Ealert(1)%3C/script%3E", 404},
		"id too long":              {base + strings.Repeat("a", 129), 400},
		"quote":                    {base + "gen'%20OR%201=1--", 400},
		"unicode look-alike":       {base + "%D0%B3en", 400},
		"not in the documentation": {"/debug/pprof/", 404},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, host := range []string{"", "evil.example"} {
				a := h.raw("GET "+tt.path+" HTTP/1.1", "Host: gateway"+host, "Authorization: Bearer "+token)
				if a.status != tt.status || a.header.Get("Location") != "" || strings.Contains(string(a.body), "<script") {
					t.Errorf("%d %v %s", a.status, a.header, a.body)
				}
				if a.header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("header: %v", a.header)
				}
				if a.status >= 400 {
					h.checkProblem(call{method: "GET", path: tt.path}, a)
				}
			}
		})
	}
}

// raw sends a request as it stands.
func (h *harness) raw(lines ...string) answer {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	h.must(err)
	defer conn.Close()
	h.must(conn.SetDeadline(time.Now().Add(support.Patience)))
	_, err = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\nConnection: close\r\n\r\n")
	h.must(err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	h.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	h.must(err)
	return answer{response.StatusCode, response.Header, body}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	h := newHarness(t, nil)
	if a := h.do(call{method: "GET", path: "/nope"}); a.status != 404 || a.slug() != "route-not-found" {
		t.Errorf("%d %s", a.status, a.body)
	}
	tests := map[string]struct{ method, path, allow string }{
		"POST on a generation": {"POST", base + "gen", "DELETE, GET, PUT"},
		"GET on launch":        {"GET", base + "gen/preview/launch", "POST"},
		"TRACE":                {"TRACE", "/healthz", "GET"},
		"odd method":           {"PROPFIND", "/healthz", "GET"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := h.do(call{method: tt.method, path: tt.path})
			allow := strings.Split(a.header.Get("Allow"), ", ")
			slices.Sort(allow)
			if a.status != 405 || a.slug() != "method-not-allowed" || strings.Join(allow, ", ") != tt.allow {
				t.Errorf("%d, Allow %q, %s", a.status, a.header.Get("Allow"), a.body)
			}
		})
	}
}

// Incidents 18 and 26: the address that clients claim to have.
func TestIncidentSpoofedAddresses(t *testing.T) {
	h := newHarness(t, nil)
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "X-Appengine-Remote-Addr", "Cf-Connecting-Ip", "Forwarded", "X-Client-Ip", "True-Client-Ip"} {
		h.do(call{method: "GET", path: "/healthz", header: map[string]string{name: "203.0.113.99"}})
	}
	if strings.Contains(h.log.String(), "203.0.113.99") || !strings.Contains(h.log.String(), `"remote":"127.0.0.1:`) {
		t.Errorf("the log takes the client's word for its address:\n%s", h.log)
	}
	var seen string
	h.api.engine.GET("/client-ip", func(c *gin.Context) { seen = c.ClientIP() })
	h.do(call{method: "GET", path: "/client-ip", header: map[string]string{"X-Forwarded-For": "203.0.113.99"}})
	if seen != "127.0.0.1" {
		t.Errorf("ClientIP is %q", seen)
	}
}

// Incidents 17 and 22: tokens in addresses and logs. The query and the header fields are never logged.
func TestIncidentQueriesAndHeadersAreNotLogged(t *testing.T) {
	h := newHarness(t, nil)
	h.do(call{method: "GET", path: base + "gen?token=canary-query", header: map[string]string{"X-Api-Key": "canary-header", "Cookie": "canary-cookie", "User-Agent": "canary-agent"}})
	h.do(call{method: "GET", path: base + "gen?access_token=" + h.token("alice", auth.RoleUser)})
	if log := h.log.String(); strings.Contains(log, "canary") || !strings.Contains(log, `"route":"/api/v1/generations/:generation_id"`) {
		t.Errorf("the log:\n%s", log)
	}
}

func TestRequestIDs(t *testing.T) {
	h := newHarness(t, nil)
	for name, tt := range map[string]struct {
		sent string
		kept bool
	}{
		"kept": {"abc-123_X.y", true}, "none": {"", false}, "too long": {strings.Repeat("a", 65), false}, "spaces": {"a b", false}, "quotes": {`a"b`, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(call{method: "GET", path: "/healthz", header: map[string]string{"X-Request-Id": tt.sent}})
			if got := a.header.Get("X-Request-Id"); (got == tt.sent) != tt.kept || !telemetry.RequestIDPattern.MatchString(got) || !strings.Contains(h.log.String(), got) {
				t.Errorf("sent %q, got %q", tt.sent, got)
			}
		})
	}
}

func TestPanicsBecomeProblems(t *testing.T) {
	h := newHarness(t, nil)
	h.api.engine.GET("/panic", h.api.adapt(func(*gin.Context) (reply, error) { panic("canary internal") }))
	a := h.do(call{method: "GET", path: "/panic"})
	if a.status != 500 || a.slug() != "internal" || strings.Contains(string(a.body), "canary") {
		t.Errorf("%d %s", a.status, a.body)
	}
	after := false
	h.api.engine.GET("/panic-early", func(*gin.Context) { panic("early") }, func(*gin.Context) { after = true })
	if a := h.do(call{method: "GET", path: "/panic-early"}); a.status != 500 || after {
		t.Errorf("%d; what follows a panic was run: %t", a.status, after)
	}
	if log := h.log.String(); !strings.Contains(log, "canary internal") || !strings.Contains(log, a.header.Get("X-Request-Id")) {
		t.Errorf("the panic is not in the log:\n%s", log)
	}
}

// Incident 26 and 24: a header without end, and a body that never comes.
func TestIncidentEndlessHeaders(t *testing.T) {
	h := newServed(t)
	if status := h.rawStatus("GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 70<<10) + "\r\n\r\n"); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("70 KiB: %d", status)
	}
	if status := h.rawStatus("GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 60<<10) + "\r\n\r\n"); status != http.StatusOK {
		t.Errorf("60 KiB: %d", status)
	}
	if status := h.rawStatus(fmt.Sprintf("PUT %sgen HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", base, h.token("alice", auth.RoleUser), 1<<40)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("announced body of 1 TiB: %d", status)
	}
}

// deadlines records what a handler does with the deadlines of its connection.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error  { d.read = append(d.read, at); return nil }
func (d *deadlines) SetWriteDeadline(at time.Time) error { d.write = append(d.write, at); return nil }

// Incident 24: clients that neither send nor read. The deadline of a body ends with the body, or it would cut off the
// answer.
func TestIncidentSlowClients(t *testing.T) {
	h := newHarness(t, nil)
	for _, c := range []call{
		{method: "PUT", path: base + "gen", body: `{"files":{"a":""}}`},
		{method: "DELETE", path: base + "gen/preview"},
		{method: "GET", path: base + "nope"},
		{method: "GET", path: "/metrics"},
		{method: "GET", path: "/nope"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			text, _ := c.body.(string)
			request := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(text))
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Authorization", "Bearer "+h.token("alice", auth.RoleUser))
			seen := &deadlines{ResponseRecorder: httptest.NewRecorder()}
			h.api.ServeHTTP(seen, request)
			if len(seen.write) != 1 || time.Until(seen.write[0]) <= 0 {
				t.Errorf("write deadlines %v, want one to come", seen.write)
			}
			if text != "" && (len(seen.read) != 2 || time.Until(seen.read[0]) <= 0 || !seen.read[1].IsZero()) {
				t.Errorf("read deadlines %v, want one to come, and none after the body", seen.read)
			}
		})
	}
}

func TestReadiness(t *testing.T) {
	h := newHarness(t, nil)
	if a := h.do(call{method: "GET", path: "/readyz"}); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	store := h.store
	h.api.store = unreadable{GenerationStore: store}
	if a := h.do(call{method: "GET", path: "/readyz"}); a.status != http.StatusServiceUnavailable {
		t.Errorf("without the store: %d %s", a.status, a.body)
	}
	h.api.store = store
	h.api.Drain()
	if a := h.do(call{method: "GET", path: "/readyz"}); a.status != http.StatusServiceUnavailable {
		t.Errorf("draining: %d %s", a.status, a.body)
	}
	if a := h.do(call{method: "GET", path: "/healthz"}); a.status != http.StatusOK {
		t.Errorf("alive while draining: %d %s", a.status, a.body)
	}
}

func TestMetrics(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	h.do(launchCall(h, "gen", "alice", nil))
	for i := range 50 {
		h.do(call{method: "GET", path: fmt.Sprint("/nope/", i)})
		h.do(call{method: fmt.Sprint("METHOD", i), path: "/nope"})
	}
	text := string(h.do(call{method: "GET", path: "/metrics"}).body)
	for _, line := range []string{
		`preview_gateway_launches_total{result="created"} 1`,
		`preview_gateway_launches_total{result="found"} 1`,
		`preview_gateway_requests_total{code="4xx",method="none",route="none"} 100`,
		`preview_gateway_requests_total{code="2xx",method="POST",route="/api/v1/generations/:generation_id/preview/launch"} 2`,
		`preview_gateway_open_streams 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
}
