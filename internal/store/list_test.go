package store

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listAll reads page by page and calls between, when given, after each page.
func listAll(t *testing.T, s *Store, opts ListOptions, between func(page int)) (ids []string) {
	t.Helper()
	for number := 0; ; number++ {
		page, next, err := s.List(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > opts.Limit || next != nil && len(page) != opts.Limit {
			t.Fatalf("a page of %d with limit %d, next %v", len(page), opts.Limit, next)
		}
		for _, meta := range page {
			ids = append(ids, meta.ID)
		}
		if len(ids) > 100 {
			t.Fatalf("the listing does not end: %q", ids)
		}
		if next == nil {
			return ids
		}
		// The way a client takes.
		cursor, err := ParseListCursor(next.String())
		if err != nil || cursor != *next {
			t.Fatalf("cursor %v was read as %v, %v", *next, cursor, err)
		}
		opts.After = &cursor
		if between != nil {
			between(number)
		}
	}
}

// Three users and two projects; several generations are stored at each moment, so that the id decides between them.
func listFixture(t *testing.T, db *database) *Store {
	t.Helper()
	now := epoch
	s := db.openWithClock(t, func() time.Time { return now })
	for i, stored := range []struct{ id, user, project string }{
		{"g1", "alice", "p"}, {"g3", "alice", "q"}, {"g2", "bob", "p"},
		{"g6", "alice", "p"}, {"g4", "alice", "p"}, {"g5", "bob", "q"},
		{"g9", "bob", "p"}, {"g7", "alice", "q"}, {"g8", "carol", ""},
	} {
		now = epoch.Add(time.Duration(i/3) * time.Second)
		if _, _, err := s.Put(t.Context(), stored.id, stored.user, stored.project, content(stored.id)); err != nil {
			t.Fatal(err)
		}
	}
	now = epoch.Add(time.Hour)
	return s
}

func TestList(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := listFixture(t, db)
		tests := map[string]struct {
			opts ListOptions
			want []string
		}{
			"everybody's":              {ListOptions{}, []string{"g7", "g8", "g9", "g4", "g5", "g6", "g1", "g2", "g3"}},
			"one user's":               {ListOptions{UserID: "alice"}, []string{"g7", "g4", "g6", "g1", "g3"}},
			"one project's":            {ListOptions{ProjectID: "p"}, []string{"g9", "g4", "g6", "g1", "g2"}},
			"one user's in a project":  {ListOptions{UserID: "alice", ProjectID: "q"}, []string{"g7", "g3"}},
			"of a user who has none":   {ListOptions{UserID: "mallory"}, nil},
			"of a project without any": {ListOptions{UserID: "carol", ProjectID: "p"}, nil},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				for _, limit := range []int{1, 2, 3, 5, 9, MaxListLimit} {
					tt.opts.Limit = limit
					if diff := cmp.Diff(tt.want, listAll(t, s, tt.opts, nil)); diff != "" {
						t.Errorf("in pages of %d (-want +got):\n%s", limit, diff)
					}
				}
			})
		}
		page, _, err := s.List(t.Context(), ListOptions{UserID: "carol", Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		want, err := s.Generation(t.Context(), "g8")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Meta{want}, page); diff != "" {
			t.Errorf("page (-want +got):\n%s", diff)
		}
		for _, limit := range []int{-1, 0, MaxListLimit + 1} {
			if _, _, err := s.List(t.Context(), ListOptions{Limit: limit}); err == nil || !strings.Contains(err.Error(), "1 to 200") {
				t.Errorf("limit %d: %v, want an error naming the bounds", limit, err)
			}
		}
	})
}

// Between two pages others are stored, replaced and deleted, the one at the cursor too: no page repeats or misses any
// that stays as it is.
func TestListIsStableWhileOthersWrite(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := listFixture(t, db)
		got := listAll(t, s, ListOptions{Limit: 2}, func(page int) {
			switch page {
			case 0:
				mustPut(t, s, "new", "alice", "v1")
				mustPut(t, s, "g9", "bob", "v2")
			case 1:
				if err := s.Delete(t.Context(), "g5", "bob"); err != nil {
					t.Fatal(err)
				}
				mustPut(t, s, fmt.Sprint("g", page), "alice", "v2")
			}
		})
		// g9 was replaced before its page came, and g1.
		if diff := cmp.Diff([]string{"g7", "g8", "g4", "g5", "g6", "g2", "g3"}, got); diff != "" {
			t.Errorf("ids (-want +got):\n%s", diff)
		}
	})
}

// Every page is found through an index and in its order: a listing that sorts or scans grows with the table.
func TestListUsesAnIndex(t *testing.T) {
	s := listFixture(t, newSQLite(t))
	cursor := &ListCursor{UpdatedAt: epoch, ID: "g2"}
	tests := map[string]struct {
		opts ListOptions
		want string
	}{
		"everybody's":                  {ListOptions{}, "SCAN generations USING INDEX generations_by_update"},
		"everybody's, a later page":    {ListOptions{After: cursor}, "SEARCH generations USING INDEX generations_by_update (updated_at<?)"},
		"one user's":                   {ListOptions{UserID: "alice"}, "SEARCH generations USING INDEX generations_by_user (user_id=?)"},
		"one user's, a later page":     {ListOptions{UserID: "alice", After: cursor}, "SEARCH generations USING INDEX generations_by_user (user_id=? AND updated_at<?)"},
		"one project's":                {ListOptions{ProjectID: "p"}, "SEARCH generations USING INDEX generations_by_project (project_id=?)"},
		"one project's, a later page":  {ListOptions{ProjectID: "p", After: cursor}, "SEARCH generations USING INDEX generations_by_project (project_id=? AND updated_at<?)"},
		"one user's in a project":      {ListOptions{UserID: "alice", ProjectID: "p"}, "SEARCH generations USING INDEX generations_by_"},
		"one user's in a project, too": {ListOptions{UserID: "alice", ProjectID: "p", After: cursor}, "SEARCH generations USING INDEX generations_by_"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			query, args := tt.opts.query()
			plan := explain(t, s, query, args...)
			if len(plan) != 1 || !strings.HasPrefix(plan[0], tt.want) {
				t.Errorf("plan %q, want %q alone", plan, tt.want)
			}
		})
	}
}

func TestParseListCursorRefuses(t *testing.T) {
	encode := func(plain string) string { return base64.RawURLEncoding.EncodeToString([]byte(plain)) }
	tests := map[string]string{
		"empty":             "",
		"not base64":        "1 gen!",
		"padded":            encode("1 gen") + "=",
		"no id":             encode("1"),
		"empty id":          encode("1 "),
		"no time":           encode(" gen"),
		"time not a number": encode("x gen"),
		"time too large":    encode(strings.Repeat("9", 20) + " gen"),
		"not UTF-8":         encode("1 \xff"),
		"with NUL":          encode("1 a\x00"),
		"too long":          encode("1 " + strings.Repeat("a", 800)),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseListCursor(text); err == nil {
				t.Errorf("%q was read as %v", text, got)
			}
		})
	}
	longest := ListCursor{UpdatedAt: epoch, ID: strings.Repeat("😀", 128)}
	if got, err := ParseListCursor(longest.String()); err != nil || got != longest {
		t.Errorf("the longest cursor was read as %v, %v", got, err)
	}
}
