package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)

// testClock ticks by one second on each reading.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func content(text string) Content {
	return Content{Version: Digest(map[string][]byte{"main.py": []byte(text)}), Files: 1, Bytes: int64(len(text)), Archive: []byte("tar.gz of " + text)}
}

func mustPut(t *testing.T, s *Store, id, user, text string) Meta {
	t.Helper()
	meta, _, err := s.Put(t.Context(), id, user, "proj", content(text))
	if err != nil {
		t.Fatal(err)
	}
	return meta
}

func TestPutGetReplaceDelete(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		ctx := t.Context()

		first, created, err := s.Put(ctx, "gen_1", "alice", "proj", content("v1"))
		if err != nil || !created {
			t.Fatalf("first put: created %v, %v", created, err)
		}
		want := Meta{
			ID: "gen_1", UserID: "alice", ProjectID: "proj", Version: content("v1").Version, Files: 1, Bytes: 2,
			CreatedAt: epoch.Add(time.Second), UpdatedAt: epoch.Add(time.Second),
		}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Errorf("first put (-want +got):\n%s", diff)
		}

		second, created, err := s.Put(ctx, "gen_1", "alice", "other", content("v2"))
		if err != nil || created {
			t.Fatalf("second put: created %v, %v", created, err)
		}
		want.ProjectID, want.Version, want.UpdatedAt = "other", content("v2").Version, epoch.Add(2*time.Second)
		if diff := cmp.Diff(want, second); diff != "" {
			t.Errorf("second put (-want +got):\n%s", diff)
		}
		read, err := s.Generation(ctx, "gen_1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, read); diff != "" {
			t.Errorf("generation (-want +got):\n%s", diff)
		}

		for version, text := range map[string]string{"": "v2", content("v1").Version: "v1", content("v2").Version: "v2"} {
			archive, err := s.Archive(ctx, "gen_1", version)
			if err != nil || string(archive) != "tar.gz of "+text {
				t.Errorf("archive of version %q: %q, %v", version, archive, err)
			}
		}
		if err := s.Delete(ctx, "gen_1", "bob"); !errors.Is(err, ErrNotFound) {
			t.Errorf("delete by another user: %v, want ErrNotFound", err)
		}
		if err := s.Delete(ctx, "gen_1", "alice"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Archive(ctx, "gen_1", content("v2").Version); !errors.Is(err, ErrNotFound) {
			t.Errorf("archive after delete: %v, want ErrNotFound", err)
		}
		var archives int
		if err := s.db.QueryRow(`SELECT count(*) FROM generation_archives`).Scan(&archives); err != nil || archives != 0 {
			t.Errorf("archives after delete: %d, %v", archives, err)
		}
	})
}

func TestErrors(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		mustPut(t, s, "gen_1", "alice", "v1")
		tests := map[string]struct {
			call func(context.Context) error
			want error
		}{
			"generation that is not there": {func(ctx context.Context) error { _, err := s.Generation(ctx, "nope"); return err }, ErrNotFound},
			"archive that is not there":    {func(ctx context.Context) error { _, err := s.Archive(ctx, "nope", ""); return err }, ErrNotFound},
			"version that is not there": {func(ctx context.Context) error {
				_, err := s.Archive(ctx, "gen_1", strings.Repeat("0", 64))
				return err
			}, ErrNotFound},
			"delete of what is not there": {func(ctx context.Context) error { return s.Delete(ctx, "nope", "alice") }, ErrNotFound},
			"put over another user's": {func(ctx context.Context) error {
				_, _, err := s.Put(ctx, "gen_1", "mallory", "proj", content("evil"))
				return err
			}, ErrNotOwner},
			"gone caller": {func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				_, err := s.Generation(ctx, "gen_1")
				return err
			}, context.Canceled},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				if err := tt.call(t.Context()); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		}
		if _, _, err := s.Put(t.Context(), "big", "alice", "proj", Content{Version: content("v1").Version, Archive: make([]byte, MaxArchiveBytes+1)}); err == nil || !strings.Contains(err.Error(), "10485760") {
			t.Errorf("oversized archive: %v, want an error naming the limit", err)
		}
		if meta, err := s.Generation(t.Context(), "gen_1"); err != nil || meta.UserID != "alice" || meta.Version != content("v1").Version {
			t.Errorf("the owner's generation changed: %+v, %v", meta, err)
		}
	})
}

func TestOldVersionsArePruned(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		for i := range VersionsKept + 3 {
			mustPut(t, s, "gen_1", "alice", fmt.Sprint("v", i))
			mustPut(t, s, "gen_2", "alice", "other")
		}
		// An old text stored again is the newest version, not an old one.
		mustPut(t, s, "gen_1", "alice", "v4")
		kept := map[string]bool{}
		for i := range VersionsKept + 3 {
			text := fmt.Sprint("v", i)
			_, err := s.Archive(t.Context(), "gen_1", content(text).Version)
			if err != nil && !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
			kept[text] = err == nil
		}
		want := map[string]bool{"v0": false, "v1": false, "v2": false, "v3": true, "v4": true, "v5": true, "v6": true}
		if diff := cmp.Diff(want, kept); diff != "" {
			t.Errorf("kept versions (-want +got):\n%s", diff)
		}
	})
}

// The manager and the gateway open one file from two processes, both migrating an empty one.
func TestTwoHandlesOpenAnEmptyFileAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		var group errgroup.Group
		for range 8 {
			group.Go(func() error {
				s, err := Open(t.Context(), db.options)
				if err != nil {
					return err
				}
				return errors.Join(s.Ping(t.Context()), s.Close())
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTwoHandlesWriteAndReadAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		handles := []*Store{db.open(t), db.open(t)}
		const perHandle, writers = 10, 4
		group, ctx := errgroup.WithContext(t.Context())
		for h, s := range handles {
			for w := range writers {
				group.Go(func() error {
					for i := range perHandle {
						id := fmt.Sprintf("gen-%d-%d-%d", h, w, i)
						if _, _, err := s.Put(ctx, id, "alice", "proj", content(id)); err != nil {
							return err
						}
						if _, _, err := s.Put(ctx, "shared", "alice", "proj", content(id)); err != nil {
							return err
						}
						archive, err := handles[1-h].Archive(ctx, id, content(id).Version)
						if err != nil || string(archive) != "tar.gz of "+id {
							return fmt.Errorf("the other handle read %q, %w", archive, err)
						}
					}
					return nil
				})
			}
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		var generations, archives int
		if err := handles[0].db.QueryRow(`SELECT (SELECT count(*) FROM generations), (SELECT count(*) FROM generation_archives)`).Scan(&generations, &archives); err != nil {
			t.Fatal(err)
		}
		if want := len(handles) * writers * perHandle; generations != want+1 || archives != want+VersionsKept {
			t.Errorf("%d generations and %d archives, want %d and %d", generations, archives, want+1, want+VersionsKept)
		}
	})
}

func TestFirstUploadsOfOneIDByTwoUsers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		handles := []*Store{db.open(t), db.open(t)}
		users := []string{"alice", "bob"}
		for round := range 20 {
			id := fmt.Sprint("gen", round)
			errs := make([]error, 2)
			var wait sync.WaitGroup
			for i, s := range handles {
				wait.Go(func() { _, _, errs[i] = s.Put(t.Context(), id, users[i], "proj", content(users[i])) })
			}
			wait.Wait()
			winner := 0
			if errs[0] != nil {
				winner = 1
			}
			if errs[winner] != nil || !errors.Is(errs[1-winner], ErrNotOwner) {
				t.Fatalf("round %d: %v and %v, want one success and one ErrNotOwner", round, errs[0], errs[1])
			}
			if meta, err := handles[0].Generation(t.Context(), id); err != nil || meta.UserID != users[winner] || meta.Version != content(users[winner]).Version {
				t.Fatalf("round %d: stored %+v, %v; %s had won", round, meta, err, users[winner])
			}
		}
	})
}

func TestDigestTellsPathsAndContentsApart(t *testing.T) {
	sets := map[string]map[string][]byte{
		"one file":          {"a": []byte("bc")},
		"shifted border":    {"ab": []byte("c")},
		"two files":         {"a": nil, "bc": nil},
		"swapped":           {"a": []byte("x"), "b": []byte("y")},
		"swapped back":      {"a": []byte("y"), "b": []byte("x")},
		"no files":          {},
		"one empty file":    {"a": nil},
		"length as content": {"a": {0, 0, 0, 0, 0, 0, 0, 0}},
	}
	seen := map[string]string{}
	for name, files := range sets {
		digest := Digest(files)
		if other, ok := seen[digest]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[digest] = name
	}
}
