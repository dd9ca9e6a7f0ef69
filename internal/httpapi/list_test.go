package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/test/support"
)

func list[T any](h *harness, path, user string, role auth.Role) T {
	h.t.Helper()
	return decode[T](h, h.do(call{method: "GET", path: path, token: h.token(user, role)}), http.StatusOK)
}

func idsOf(l previewList) (ids []string) {
	for _, p := range l.Previews {
		ids = append(ids, p.GenerationID)
	}
	return ids
}

func TestListPreviews(t *testing.T) {
	h := newHarness(t, nil)
	for i, p := range []struct{ id, user string }{{"a1", "alice"}, {"a2", "alice"}, {"b1", "bob"}, {"a3", "alice"}} {
		h.stored(p.id, p.user)
		h.cluster.age(time.Second)
		decode[launchReply](h, h.do(launchCall(h, p.id, p.user, nil)), http.StatusCreated)
		if i == 0 {
			h.cluster.setStatus(t, instanceName("a1"), ended(v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled))
			h.sees("a1", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase == v1alpha1.PhaseFailed })
		}
	}
	h.applied("by-hand", "a0", "alice", runningAt("127.0.0.1:3009"))
	tests := map[string]struct {
		query, user string
		role        auth.Role
		want        []string
	}{
		"mine":                   {"", "alice", auth.RoleUser, []string{"a3", "a0", "a2", "a1"}},
		"mine, by name":          {"?user_id=bob", "bob", auth.RoleUser, []string{"b1"}},
		"nobody's":               {"", "carol", auth.RoleUser, nil},
		"a service has its own":  {"", "backend", auth.RoleService, nil},
		"everybody's":            {"", "root", auth.RoleAdmin, []string{"a3", "a0", "b1", "a2", "a1"}},
		"another user's":         {"?user_id=alice", "root", auth.RoleAdmin, []string{"a3", "a0", "a2", "a1"}},
		"failed":                 {"?status=failed", "alice", auth.RoleUser, []string{"a1"}},
		"running":                {"?status=running", "root", auth.RoleAdmin, []string{"a0"}},
		"project":                {"?project_id=proj", "alice", auth.RoleUser, []string{"a3", "a2", "a1"}},
		"another project":        {"?project_id=other", "alice", auth.RoleUser, nil},
		"both":                   {"?project_id=proj&status=starting", "root", auth.RoleAdmin, []string{"a3", "b1", "a2"}},
		"the whole of one page":  {"?limit=4", "alice", auth.RoleUser, []string{"a3", "a0", "a2", "a1"}},
		"a place that is passed": {"?cursor=" + place{created: testTime.Add(-time.Hour), uid: "x"}.String(), "alice", auth.RoleUser, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := list[previewList](h, "/api/v1/previews"+tt.query, tt.user, tt.role)
			// a0 and a3 are of the same second and in the order of their UIDs, which count.
			if diff := cmp.Diff(tt.want, idsOf(got)); diff != "" || got.Count != len(tt.want) || got.NextCursor != nil || got.Previews == nil {
				t.Errorf("%+v (-want +got):\n%s", got, diff)
			}
		})
	}
	// What it shows is what status shows.
	status := decode[statusReply](h, get(h, base+"a1/preview/status", "alice"), http.StatusOK)
	if diff := cmp.Diff(status.previewBody, list[previewList](h, "/api/v1/previews?status=failed", "alice", auth.RoleUser).Previews[0]); diff != "" {
		t.Errorf("status and list differ:\n%s", diff)
	}
}

// pages follows the links of a listing and returns the ids of each page.
func pages(h *harness, path, token string, each func(page int)) (all [][]string) {
	h.t.Helper()
	for page := 0; path != ""; page++ {
		a := h.do(call{method: "GET", path: path, token: token})
		var got struct {
			Previews    []struct{ ID string }
			Generations []struct{ ID string }
			Count       int
			NextCursor  *string `json:"next_cursor"`
		}
		h.must(json.Unmarshal(a.body, &got))
		var ids []string
		for _, item := range slices.Concat(got.Previews, got.Generations) {
			ids = append(ids, item.ID)
		}
		if a.status != http.StatusOK || got.Count != len(ids) || page > 50 {
			h.t.Fatalf("page %d: %d %s", page, a.status, a.body)
		}
		all = append(all, ids)
		link, relation, _ := strings.Cut(a.header.Get("Link"), ";")
		if (link != "") != (got.NextCursor != nil) || link != "" && strings.TrimSpace(relation) != `rel="next"` {
			h.t.Fatalf("Link %q, next_cursor %v", a.header.Get("Link"), got.NextCursor)
		}
		path = strings.Trim(link, "<>")
		if next, err := url.Parse(path); err != nil || got.NextCursor != nil && next.Query().Get("cursor") != *got.NextCursor {
			h.t.Fatalf("Link %q, next_cursor %s", link, *got.NextCursor)
		}
		each(page)
	}
	return all
}

// Whatever comes and goes meanwhile, what stays is seen once.
func TestPagesOfPreviews(t *testing.T) {
	h := newHarness(t, nil)
	var want []string
	for i := range 9 {
		// Three of the same second each.
		if i%3 == 0 {
			h.cluster.age(time.Second)
		}
		want = append(want, string(h.applied(fmt.Sprint("pvi-", i), fmt.Sprint("gen-", i), "alice", allocated(3001)).UID))
	}
	group := func(uid string) byte { return '0' + (uid[4]-'0')/3 }
	slices.SortFunc(want, func(x, y string) int {
		if group(x) != group(y) {
			return int(group(y)) - int(group(x))
		}
		return strings.Compare(x, y)
	})
	got := pages(h, "/api/v1/previews?limit=2&project_id=p&status=starting", h.token("root", auth.RoleAdmin), func(int) {})
	if len(slices.Concat(got...)) != 0 {
		t.Errorf("filters are not kept: %v", got)
	}
	got = pages(h, "/api/v1/previews?limit=2&status=starting", h.token("alice", auth.RoleUser), func(page int) {
		if page != 1 {
			return
		}
		// The last one that was shown goes, and a newer one comes.
		cached, err := h.api.instances.Cached("pvi-" + want[3][4:5])
		h.must(err)
		h.must(h.api.instances.Delete(t.Context(), cached))
		support.Eventually(h.t, "it is gone", func() bool {
			_, err := h.api.instances.Cached(cached.Name)
			return err != nil
		})
		h.cluster.age(time.Second)
		h.applied("late", "gen-late", "alice", allocated(3001))
	})
	if diff := cmp.Diff([][]string{want[0:2], want[2:4], want[4:6], want[6:8], want[8:9]}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestListGenerations(t *testing.T) {
	h := newHarness(t, nil)
	for _, g := range []struct{ id, user string }{{"a1", "alice"}, {"b1", "bob"}, {"a2", "alice"}, {"a3", "alice"}} {
		h.stored(g.id, g.user)
		h.clock.advance(time.Second)
	}
	for name, tt := range map[string]struct {
		query, user string
		role        auth.Role
		want        [][]string
	}{
		"mine":             {"?limit=2", "alice", auth.RoleUser, [][]string{{"a3", "a2"}, {"a1"}}},
		"mine, by name":    {"?user_id=bob", "bob", auth.RoleUser, [][]string{{"b1"}}},
		"nobody's":         {"", "carol", auth.RoleUser, [][]string{nil}},
		"for a service":    {"?limit=3", "backend", auth.RoleService, [][]string{{"a3", "a2", "b1"}, {"a1"}}},
		"on behalf":        {"?user_id=alice&limit=1", "backend", auth.RoleService, [][]string{{"a3"}, {"a2"}, {"a1"}}},
		"administrator's":  {"?user_id=bob", "root", auth.RoleAdmin, [][]string{{"b1"}}},
		"another project":  {"?project_id=x", "root", auth.RoleAdmin, [][]string{nil}},
		"of their project": {"?project_id=proj", "bob", auth.RoleUser, [][]string{{"b1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := pages(h, "/api/v1/generations"+tt.query, h.token(tt.user, tt.role), func(int) {})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
	one := list[generationList](h, "/api/v1/generations?limit=1", "bob", auth.RoleUser)
	want := decode[struct {
		generationBody
		Files map[string]any `json:"files"`
	}](h, get(h, base+"b1", "bob"), http.StatusOK)
	want.FileCount = len(want.Files)
	if diff := cmp.Diff(want.generationBody, one.Generations[0]); diff != "" {
		t.Errorf("generation and list differ:\n%s", diff)
	}
}

func TestBadListings(t *testing.T) {
	h := newHarness(t, nil)
	previews, generations := "/api/v1/previews", "/api/v1/generations"
	tests := map[string]struct {
		path, field string
		status      int
		role        auth.Role
	}{
		"unknown":                     {previews + "?state=running", "state", 400, auth.RoleUser},
		"other case":                  {previews + "?Limit=1", "Limit", 400, auth.RoleUser},
		"status of generations":       {generations + "?status=running", "status", 400, auth.RoleUser},
		"twice":                       {previews + "?limit=1&limit=2", "limit", 400, auth.RoleUser},
		"limit 0":                     {previews + "?limit=0", "limit", 400, auth.RoleUser},
		"limit 201":                   {generations + "?limit=201", "limit", 400, auth.RoleUser},
		"limit negative":              {previews + "?limit=-1", "limit", 400, auth.RoleUser},
		"limit signed":                {previews + "?limit=%2B1", "limit", 400, auth.RoleUser},
		"limit text":                  {previews + "?limit=ten", "limit", 400, auth.RoleUser},
		"limit empty":                 {previews + "?limit=", "limit", 400, auth.RoleUser},
		"limit huge":                  {previews + "?limit=99999999999999999999", "limit", 400, auth.RoleUser},
		"status":                      {previews + "?status=Running", "status", 400, auth.RoleUser},
		"status empty":                {previews + "?status=", "status", 400, auth.RoleUser},
		"project":                     {previews + "?project_id=a/b", "project_id", 400, auth.RoleUser},
		"user":                        {previews + "?user_id=a%20b", "user_id", 400, auth.RoleAdmin},
		"user empty":                  {previews + "?user_id=", "user_id", 400, auth.RoleAdmin},
		"cursor":                      {previews + "?cursor=%21", "cursor", 400, auth.RoleUser},
		"cursor empty":                {previews + "?cursor=", "cursor", 400, auth.RoleUser},
		"cursor of another listing":   {previews + "?cursor=bm9zcGFjZQ", "cursor", 400, auth.RoleUser},
		"cursor too long":             {previews + "?cursor=" + strings.Repeat("a", 4096), "cursor", 400, auth.RoleUser},
		"cursor of generations":       {generations + "?cursor=%21", "cursor", 400, auth.RoleUser},
		"another user's previews":     {previews + "?user_id=bob", "user_id", 403, auth.RoleUser},
		"of a service":                {previews + "?user_id=bob", "user_id", 403, auth.RoleService},
		"another user's generations":  {generations + "?user_id=bob", "user_id", 403, auth.RoleUser},
		"and in another case of mine": {generations + "?user_id=Alice", "user_id", 403, auth.RoleUser},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := h.do(call{method: "GET", path: tt.path, token: h.token("alice", tt.role)})
			if a.status != tt.status || a.field() != tt.field || tt.status == 403 && a.slug() != "role-required" {
				t.Errorf("%d, field %q: %s", a.status, a.field(), a.body)
			}
		})
	}
}
