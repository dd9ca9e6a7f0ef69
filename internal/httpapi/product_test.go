package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

// productTable is a product's table: generations without times, those that cannot be run without version.
type productTable struct {
	mu   sync.Mutex
	rows map[string]productRow
	err  error
}

type productRow struct {
	user  string
	files map[string][]byte
}

// broken is the path that makes a generation of the table unusable.
const broken = "../main.py"

func (p *productTable) put(id, user, path, content string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows[id] = productRow{user, map[string][]byte{path: []byte(content)}}
}

func (p *productTable) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *productTable) Generation(_ context.Context, id string) (store.Meta, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	row, found := p.rows[id]
	if p.err != nil {
		return store.Meta{}, p.err
	}
	if !found {
		return store.Meta{}, store.ErrNotFound
	}
	meta := store.Meta{ID: id, UserID: row.user, ProjectID: "proj"}
	if _, bad := row.files[broken]; bad {
		return meta, fmt.Errorf("%w: %w", store.ErrUnusable, archive.CheckPath(broken))
	}
	meta.Version, meta.Files = store.Digest(row.files), len(row.files)
	for _, content := range row.files {
		meta.Bytes += int64(len(content))
	}
	return meta, nil
}

func (p *productTable) Archive(_ context.Context, id, _ string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	packed, _, err := archive.Pack(p.rows[id].files)
	return packed, err
}

func (p *productTable) List(ctx context.Context, opts store.ListOptions) (page []store.Meta, _ *store.ListCursor, err error) {
	p.mu.Lock()
	var ids []string
	for id, row := range p.rows {
		if opts.UserID == "" || row.user == opts.UserID {
			ids = append(ids, id)
		}
	}
	err = p.err
	p.mu.Unlock()
	slices.Sort(ids)
	for _, id := range ids {
		meta, _ := p.Generation(ctx, id)
		page = append(page, meta)
	}
	return page, nil, err
}

func (p *productTable) Ping(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// newProductHarness is a gateway that reads a product's table, in which alice has gen.
func newProductHarness(t *testing.T) (*harness, *productTable) {
	t.Helper()
	table := &productTable{rows: map[string]productRow{}}
	table.put("gen", "alice", "main.py", "app = 1")
	return newHarness(t, func(o *Options) { o.Product = table }), table
}

func TestGenerationsOfTheProduct(t *testing.T) {
	h, table := newProductHarness(t)
	table.put("bad", "alice", broken, "")
	table.put("other", "bob", "main.py", "")
	version := store.Digest(map[string][]byte{"main.py": []byte("app = 1")})
	whole := map[string]any{
		"id": "gen", "user_id": "alice", "project_id": "proj", "version": version, "bytes": 7.0, "files": map[string]any{"main.py": "app = 1"},
	}
	if diff := cmp.Diff(whole, decode[map[string]any](h, get(h, base+"gen", "alice"), http.StatusOK)); diff != "" {
		t.Errorf("generation (-want +got):\n%s", diff)
	}
	// No time is shown where none is known, and no version of what cannot be run.
	want := map[string]any{"count": 2.0, "next_cursor": nil, "generations": []any{
		map[string]any{"id": "bad", "user_id": "alice", "project_id": "proj", "files": 0.0, "bytes": 0.0},
		map[string]any{"id": "gen", "user_id": "alice", "project_id": "proj", "version": version, "files": 1.0, "bytes": 7.0},
	}}
	if diff := cmp.Diff(want, decode[map[string]any](h, get(h, "/api/v1/generations", "alice"), http.StatusOK)); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	launched := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	if launched.Version != version {
		t.Errorf("launched version %s, want %s", launched.Version, version)
	}
	for id, slug := range map[string]string{"other": kindForbidden.slug, "none": kindNoGeneration.slug} {
		if a := h.do(launchCall(h, id, "alice", nil)); a.slug() != slug {
			t.Errorf("launch of %s: %s", id, a.body)
		}
	}
}

// What is refused is refused before the body is read, and leaves the preview alone.
func TestGenerationsOfTheProductAreNotWritten(t *testing.T) {
	h, _ := newProductHarness(t)
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	for name, c := range map[string]call{
		"replace":      putCall(h, "gen", "alice", auth.RoleUser, `{"files":{"main.py":"app = 2"}}`),
		"new":          putCall(h, "new", "alice", auth.RoleUser, `{"files":{"main.py":"app = 2"}}`),
		"not readable": putCall(h, "new", "alice", auth.RoleUser, `{`),
		"of a service": putCall(h, "gen", "backend", auth.RoleService, `{"files":{"main.py":""},"user_id":"alice"}`),
		"delete":       {method: "DELETE", path: base + "gen", token: h.token("alice", auth.RoleUser)},
		"delete none":  {method: "DELETE", path: base + "none", token: h.token("root", auth.RoleAdmin)},
	} {
		a := h.do(c)
		var problem Problem
		h.must(json.Unmarshal(a.body, &problem))
		if a.status != http.StatusForbidden || a.slug() != "generations-read-only" || !strings.Contains(problem.Detail, "PREVIEW_GENERATIONS_URL") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for name, c := range map[string]call{
		"store": {method: "PUT", path: base + "gen", body: `{}`}, "delete": {method: "DELETE", path: base + "gen"},
	} {
		if a := h.do(c); a.slug() != kindUnauthorized.slug {
			t.Errorf("%s as nobody: %s", name, a.body)
		}
	}
	if status := decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK); status.Status != "starting" {
		t.Errorf("the preview is %s", status.Status)
	}
	if page, _, err := h.store.List(t.Context(), store.ListOptions{Limit: 1}); err != nil || len(page) != 0 {
		t.Errorf("the store holds %v, %v", page, err)
	}
}

// Files that cannot be run keep nobody from stopping what ran before them, and are no business of others.
func TestUnusableGenerations(t *testing.T) {
	h, table := newProductHarness(t)
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	table.put("gen", "alice", broken, "")
	for name, c := range map[string]call{
		"read":   {method: "GET", path: base + "gen", token: h.token("alice", auth.RoleUser)},
		"launch": launchCall(h, "gen", "alice", nil),
	} {
		a := h.do(c)
		if a.status != http.StatusUnprocessableEntity || a.slug() != "generation-unusable" || a.field() != "files" || !strings.Contains(string(a.body), broken) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		c.token = h.token("bob", auth.RoleUser)
		if a := h.do(c); a.slug() != kindForbidden.slug || strings.Contains(string(a.body), broken) {
			t.Errorf("%s as somebody else: %d %s", name, a.status, a.body)
		}
	}
	for _, path := range []string{"/status", "/runs", "/logs", "/config"} {
		if a := get(h, base+"gen/preview"+path, "alice"); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := h.do(call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", auth.RoleUser)}); a.status != http.StatusNoContent {
		t.Errorf("stop: %d %s", a.status, a.body)
	}
	if text := string(h.do(call{method: "GET", path: "/metrics"}).body); !strings.Contains(text, `preview_store_errors_total{operation="generation"} 0`) {
		t.Error("what is wrong with a generation counts as a failure of the store")
	}
}

func TestProductOutOfReach(t *testing.T) {
	h, table := newProductHarness(t)
	if a := h.do(call{method: "GET", path: "/readyz"}); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	table.fail(fmt.Errorf("%w: canary: connection refused", store.ErrUnreachable))
	for name, c := range map[string]call{
		"readiness": {method: "GET", path: "/readyz"},
		"read":      {method: "GET", path: base + "gen", token: h.token("alice", auth.RoleUser)},
		"list":      {method: "GET", path: "/api/v1/generations", token: h.token("alice", auth.RoleUser)},
		"launch":    launchCall(h, "gen", "alice", nil),
	} {
		a := h.do(c)
		if a.slug() != kindUnavailable.slug || !strings.Contains(string(a.body), "product's generations") || strings.Contains(string(a.body), "canary") ||
			name != "readiness" && a.header.Get("Retry-After") != "5" {
			t.Errorf("%s: %d %v %s", name, a.status, a.header, a.body)
		}
	}
	table.fail(nil)
	h.api.store = unreadable{GenerationStore: h.store}
	if a := h.do(call{method: "GET", path: "/readyz"}); a.slug() != kindUnavailable.slug {
		t.Errorf("without the store: %d %s", a.status, a.body)
	}
}
