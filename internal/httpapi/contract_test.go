package httpapi

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/contract"
)

// described is the contract that every answer of every test is held against.
var described struct {
	sync.Mutex
	*contract.Contract
}

// contract reads the description that this gateway serves; it is the same for all.
func (h *harness) contract() *contract.Contract {
	h.t.Helper()
	described.Lock()
	defer described.Unlock()
	if described.Contract == nil {
		c, err := contract.Load(h.api.openAPI)
		h.must(err)
		described.Contract = c
	}
	return described.Contract
}

// testRoutes are added by tests; the description does not know them.
var testRoutes = []string{"/client-ip", "/panic", "/panic-early"}

// held holds every answer that a test receives against the description.
func (h *harness) held(next http.RoundTripper) http.RoundTripper {
	return &contract.Transport{
		Contract: h.contract(), Next: next,
		Skip:   func(request *http.Request) bool { return slices.Contains(testRoutes, request.URL.Path) },
		Report: func(err error) { h.t.Errorf("contract: %v", err) },
	}
}

// noStore is a store that fails with err in everything that a route begins with.
type noStore struct {
	GenerationStore
	err error
}

func (s noStore) Generation(context.Context, string) (store.Meta, error) { return store.Meta{}, s.err }

func (s noStore) Put(context.Context, string, string, string, store.Content) (store.Meta, bool, error) {
	return store.Meta{}, false, s.err
}

func (s noStore) List(context.Context, store.ListOptions) ([]store.Meta, *store.ListCursor, error) {
	return nil, nil, s.err
}

// storeless are operations that do not begin with the store.
var storeless = []string{"listPreviews"}

// What every route documents because of its path and its body is tried on every route, whatever is added.
func TestUsualProblemsOfEveryRoute(t *testing.T) {
	h := newHarness(t, nil)
	whole := h.store
	// A good session token needs no store.
	tokenless := func(c *call) { delete(c.header, "X-Preview-Token") }
	tests := map[string]struct {
		store  GenerationStore
		id     string
		change func(*call)
		want   kind
	}{
		"bad id":           {whole, "-", nil, kindInvalidRequest},
		"no generation":    {whole, "nobodys", nil, kindNoGeneration},
		"no preview":       {whole, "idle", nil, kindNoPreview},
		"a broken store":   {noStore{whole, errors.New("canary: disk is gone")}, "gen", tokenless, kindInternal},
		"a slow store":     {noStore{whole, context.DeadlineExceeded}, "gen", tokenless, kindUnavailable},
		"another type":     {whole, "gen", func(c *call) { c.header["Content-Type"] = "text/plain" }, kindMediaType},
		"compressed":       {whole, "gen", func(c *call) { c.header["Content-Encoding"] = "gzip" }, kindMediaType},
		"too large a body": {whole, "gen", func(c *call) { c.body = strings.Repeat(" ", maxGenerationJSON+1) }, kindTooLarge},
	}
	token := h.runs("gen", "alice", "127.0.0.1:1").SessionToken
	h.stored("idle", "alice")
	for name, tt := range tests {
		for _, o := range h.api.operations() {
			if o.open || !slices.Contains(o.allProblems(), tt.want) || tt.id != "gen" && !strings.Contains(o.path, "{generation_id}") {
				continue
			}
			if tt.store != GenerationStore(whole) && slices.Contains(storeless, o.id) {
				continue
			}
			t.Run(name+" "+o.id, func(t *testing.T) {
				c := call{
					method: o.method, path: strings.Replace(o.path, "{generation_id}", tt.id, 1), token: h.token("alice", auth.RoleUser),
					header: map[string]string{"X-Preview-Token": token},
				}
				if o.body != nil {
					c.body = seeds[o.id]
				}
				if tt.change != nil {
					tt.change(&c)
				}
				h.api.store = tt.store
				defer func() { h.api.store = whole }()
				if a := h.do(c); a.slug() != tt.want.slug || strings.Contains(string(a.body), "canary") {
					t.Errorf("%d %s, want %s", a.status, a.body, tt.want.slug)
				}
			})
		}
	}
}

func TestDocumentation(t *testing.T) {
	h := newHarness(t, nil)
	for path, text := range map[string]string{
		"/docs": "/docs/swagger-ui-bundle.js", "/docs/start.js": "/openapi.json", "/docs/swagger-ui.css": ".swagger-ui",
		"/docs/swagger-ui-bundle.js": "SwaggerUIBundle", "/openapi.json": `"openapi":"3.1.0"`,
	} {
		if a := h.do(call{method: "GET", path: path}); a.status != http.StatusOK || !strings.Contains(string(a.body), text) {
			t.Errorf("%s: %d %.100s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/docs/nope", "/docs/..%2findex.html", "/docs/index.css.map"} {
		if a := h.do(call{method: "GET", path: path}); a.slug() != kindNoRoute.slug {
			t.Errorf("%s: %d %.100s", path, a.status, a.body)
		}
	}
}

// neverSeen are the documented answers that cannot occur in this harness, with the reason.
var neverSeen = map[string]string{
	"listPreviews 500 internal":    "it reads nothing but the cache",
	"listPreviews 503 unavailable": "the cache is full before a test begins",
}

// contractRun fails a whole run of the package in which something documented never occurred.
type contractRun struct{ m *testing.M }

func (r contractRun) Run() int {
	code := r.m.Run()
	if code != 0 || flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" ||
		flag.Lookup("test.list").Value.String() != "" || described.Contract == nil {
		return code
	}
	var unseen []string
	for _, one := range described.Unseen() {
		unseen = append(unseen, one.String())
	}
	for _, one := range unseen {
		if neverSeen[one] == "" {
			fmt.Fprintf(os.Stderr, "contract: %s is documented and never occurred\n", one)
			code = 1
		}
	}
	for one := range neverSeen {
		if !slices.Contains(unseen, one) {
			fmt.Fprintf(os.Stderr, "contract: %s is listed as impossible, and occurred or is not documented\n", one)
			code = 1
		}
	}
	fmt.Fprintf(os.Stderr, "contract: %d documented answers occurred, %d cannot in this harness\n", len(described.Occurred()), len(neverSeen))
	return code
}
