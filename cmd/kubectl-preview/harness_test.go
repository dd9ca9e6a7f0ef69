package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/test/support"
)

func TestMain(m *testing.M) {
	// The times of logs and states are shown in the zone of the machine.
	time.Local = time.UTC
	goleak.VerifyTestMain(m)
}

const (
	// canary and sessionCanary are secrets, which must appear nowhere (incident 22).
	canary        = "canary-bearer"
	sessionCanary = "canary-session"
)

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// bearer is a token of alice that nobody has signed.
var bearer = "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"alice"}`)) + "." + canary

// gateway plays the gateway: what it does not know is a generation that does not exist.
type gateway struct {
	t      *testing.T
	server *httptest.Server

	mu     sync.Mutex
	routes map[string]http.HandlerFunc
	// calls are "METHOD path", with the query, in order; that of states that are polled only once in a row.
	calls []string
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{t: t, routes: map[string]http.HandlerFunc{}}
	g.server = httptest.NewServer(g)
	t.Cleanup(func() {
		g.server.CloseClientConnections()
		g.server.Close()
	})
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	call := r.Method + " " + r.URL.RequestURI()
	if len(g.calls) == 0 || g.calls[len(g.calls)-1] != call {
		g.calls = append(g.calls, call)
	}
	route := g.routes[r.Method+" "+r.URL.Path]
	g.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+bearer:
		problem(w, http.StatusUnauthorized, "unauthorized", "A valid bearer token is needed", "")
	case route == nil:
		problem(w, http.StatusNotFound, "generation-not-found", "There is no such generation", "store the generation first")
	default:
		route(w, r)
	}
}

// on sets what a route does.
func (g *gateway) on(route string, do http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.routes[route] = do
}

// answers sets what a route answers.
func (g *gateway) answers(route string, status int, body any) {
	g.on(route, func(w http.ResponseWriter, _ *http.Request) { answer(g.t, w, status, body) })
}

func (g *gateway) seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.calls...)
}

func answer(t *testing.T, w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_, _ = w.Write(data)
	}
}

func problem(w http.ResponseWriter, status int, slug, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"https://preview.codebegen.dev/problems/%s","title":%q,"detail":%q,"status":%d,"request_id":"r1"}`, slug, title, detail, status)
}

type object = map[string]any

const (
	base     = "/api/v1/generations/"
	listPath = "/api/v1/previews"
)

// state is the answer to status.
func state(id, status string, more object) object {
	s := object{
		"id": "uid-" + id, "generation_id": id, "user_id": "alice", "project_id": "shop", "status": status, "port": 3001,
		"base_url": "http://pod-1.previews.svc:3001", "uptime_seconds": 45, "health": "healthy", "restarts": 0,
		"start":      object{"kind": "warm", "interpreter": "forked"},
		"created_at": "2026-01-02T03:03:05Z", "started_at": "2026-01-02T03:03:20Z", "stopped_at": nil, "expires_at": "2026-01-02T03:33:20Z",
	}
	for name, value := range more {
		s[name] = value
	}
	return s
}

// running has a preview that runs, and answers requests with reply.
func (g *gateway) running(id string, reply object) {
	preview := base + id + "/preview"
	g.answers("GET "+preview+"/status", http.StatusOK, state(id, "running", nil))
	g.answers("POST "+preview+"/token", http.StatusOK, object{"session_token": sessionCanary})
	if reply != nil {
		g.answers("POST "+preview+"/request", http.StatusOK, reply)
	}
}

// lists answers the list of previews.
func (g *gateway) lists(previews ...object) {
	g.answers("GET "+listPath, http.StatusOK, object{"previews": previews, "count": len(previews), "next_cursor": nil})
}

// streams answers the log of a preview with events.
func (g *gateway) streams(id string, events ...string) {
	g.on("GET "+base+id+"/preview/logs/stream", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 1\n\n"+strings.Join(events, ""))
	})
}

func logLine(id int, level, message string, more string) string {
	return fmt.Sprintf("id: %d-0\ndata: {\"timestamp\":\"2026-01-02T03:04:05.123Z\",\"level\":%q,\"message\":%s,\"source\":\"subprocess\"%s}\n\n",
		id, level, quoted(message), more)
}

func quoted(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(data)
}

const logEnd = "event: end\ndata: {\"reason\":\"ended\"}\n\n"

// invocation is one run of the program.
type invocation struct {
	t             *testing.T
	ctx           context.Context
	env           map[string]string
	in            io.Reader
	outIsTerminal bool
	// discover plays the reading of a folder.
	discover func(context.Context, map[string][]byte, endpoints.Options) endpoints.Result
}

// result is what came of it.
type result struct {
	code        int
	out, errOut string
}

// with returns an invocation that talks to the gateway as alice.
func (g *gateway) with() *invocation {
	return &invocation{
		t: g.t, ctx: g.t.Context(), in: strings.NewReader(""),
		env: map[string]string{"PREVIEW_GATEWAY": g.server.URL, "PREVIEW_TOKEN": bearer},
	}
}

func (g *gateway) run(args ...string) result {
	g.t.Helper()
	return g.with().run(args...)
}

func (i *invocation) run(args ...string) result {
	i.t.Helper()
	var out, errOut support.Buffer
	a := &app{
		IOStreams: genericiooptions.IOStreams{In: i.in, Out: &out, ErrOut: &errOut},
		lookup: func(name string) (string, bool) {
			value, ok := i.env[name]
			return value, ok
		},
		now: func() time.Time { return testTime }, outIsTerminal: i.outIsTerminal, errIsTerminal: i.outIsTerminal,
		columns: func() int { return 0 }, discover: i.discover,
	}
	r := result{code: a.run(i.ctx, args), out: out.String(), errOut: errOut.String()}
	if strings.Contains(r.out+r.errOut, canary) || strings.Contains(r.out+r.errOut, sessionCanary) {
		i.t.Errorf("incident 22: a secret was printed: %+v", r)
	}
	if a.connected != nil {
		// Its connections would outlive the test.
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	}
	return r
}

// folder makes a folder of that name with files, path to content.
func folder(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	support.WriteFiles(t, dir, files)
	return dir
}

// contains checks that a text has all parts.
func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q:\n%s", what, part, text)
		}
	}
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
