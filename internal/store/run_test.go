package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

func ptr[T any](value T) *T { return &value }

// wholeRun has every field set.
func wholeRun() Run {
	return Run{
		UID: "uid-1", InstanceUID: "uid-1", Name: "preview-1", Namespace: "previews", GenerationID: "gen_1", UserID: "alice",
		ProjectID: "proj", Version: strings.Repeat("a", 64), Runtime: "python", Phase: "Failed", Reason: "OOMKilled",
		Failure: &RunFailure{Reason: "OOMKilled", Message: "more than 512 MiB", ExitCode: ptr(int32(137)), At: epoch.Add(time.Minute)},
		Port:    3001, Node: "node-1", Restarts: 2, CreatedAt: epoch, StartedAt: ptr(epoch.Add(time.Second)),
		StoppedAt: ptr(epoch.Add(time.Minute)), Details: `{"memory_limit_mb":512}`, Revision: 7, UpdatedAt: epoch.Add(time.Hour),
	}
}

func mustPutRun(t *testing.T, s *Store, run Run) {
	t.Helper()
	if written, err := s.PutRun(t.Context(), run); err != nil || !written {
		t.Fatalf("run %s: written %v, %v", run.UID, written, err)
	}
}

func expectRun(t *testing.T, s *Store, want Run) {
	t.Helper()
	got, err := s.Run(t.Context(), want.UID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
}

func TestRunIsRecorded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		if _, err := s.Run(t.Context(), "uid-1"); !errors.Is(err, ErrRunNotFound) {
			t.Errorf("no run: %v, want ErrRunNotFound", err)
		}
		mustPutRun(t, s, wholeRun())
		expectRun(t, db.open(t), wholeRun())

		least := Run{UID: "uid-2", CreatedAt: epoch, Revision: 1}
		mustPutRun(t, s, least)
		least.UpdatedAt = epoch.Add(time.Second)
		expectRun(t, s, least)
	})
}

// Whatever the order in which facts arrive, those of the highest revision stay; of one revision, those taken last.
func TestLaterFactsWin(t *testing.T) {
	at := func(phase string, revision int64, minute int) Run {
		run := wholeRun()
		run.Phase, run.Revision, run.UpdatedAt = phase, revision, epoch.Add(time.Duration(minute)*time.Minute)
		return run
	}
	tests := map[string]struct {
		first, second Run
		written       bool
	}{
		"later revision":                       {at("Starting", 7, 0), at("Running", 8, 1), true},
		"later revision, clock that is behind": {at("Starting", 7, 5), at("Running", 8, 1), true},
		"earlier revision":                     {at("Stopped", 8, 0), at("Running", 7, 5), false},
		"more digits":                          {at("Starting", 9, 0), at("Running", 10, 0), true},
		"one revision, taken later":            {at("Starting", 7, 0), at("Running", 7, 1), true},
		"one revision, taken at once":          {at("Starting", 7, 0), at("Running", 7, 0), true},
		"one revision, taken earlier":          {at("Running", 7, 1), at("Starting", 7, 0), false},
		"known facts":                          {at("Running", 7, 0), at("Running", 7, 1), false},
		"known facts of a later revision":      {at("Running", 7, 0), at("Running", 9, 1), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, db *database) {
				s := db.open(t)
				mustPutRun(t, s, tt.first)
				written, err := s.PutRun(t.Context(), tt.second)
				if err != nil || written != tt.written {
					t.Errorf("written %v, %v, want %v", written, err, tt.written)
				}
				want := tt.first
				if tt.written {
					want = tt.second
				}
				expectRun(t, s, want)
			})
		})
	}
}

// A fact that became unknown, and each single one that changes, is a later fact.
func TestEachFactIsWritten(t *testing.T) {
	changes := map[string]func(*Run){
		"instance": func(r *Run) { r.InstanceUID = "x" }, "name": func(r *Run) { r.Name = "x" }, "namespace": func(r *Run) { r.Namespace = "x" },
		"generation": func(r *Run) { r.GenerationID = "x" }, "user": func(r *Run) { r.UserID = "x" }, "project": func(r *Run) { r.ProjectID = "x" },
		"version": func(r *Run) { r.Version = "x" }, "runtime": func(r *Run) { r.Runtime = "x" }, "reason": func(r *Run) { r.Reason = "x" },
		"no failure": func(r *Run) { r.Failure = nil }, "no exit code": func(r *Run) { r.Failure.ExitCode = nil },
		"failure time": func(r *Run) { r.Failure.At = epoch }, "port": func(r *Run) { r.Port = 0 }, "node": func(r *Run) { r.Node = "" },
		"restarts": func(r *Run) { r.Restarts++ }, "created": func(r *Run) { r.CreatedAt = epoch.Add(1000) },
		"not started": func(r *Run) { r.StartedAt = nil }, "not stopped": func(r *Run) { r.StoppedAt = nil }, "details": func(r *Run) { r.Details = "" },
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		run := wholeRun()
		mustPutRun(t, s, run)
		for name, change := range changes {
			before := wholeRun()
			before.Revision = run.Revision + 1
			mustPutRun(t, s, before)
			run = before
			run.Failure = ptr(*before.Failure)
			change(&run)
			if written, err := s.PutRun(t.Context(), run); err != nil || !written {
				t.Errorf("%s: written %v, %v", name, written, err)
			}
			expectRun(t, s, run)
		}
	})
}

func TestManyManagersPutOneRun(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		handles := []*Store{db.open(t), db.open(t)}
		group, ctx := errgroup.WithContext(t.Context())
		for revision := int64(40); revision > 0; revision-- {
			group.Go(func() error {
				run := wholeRun()
				run.Revision, run.Reason = revision, fmt.Sprint("reason-", revision)
				_, err := handles[revision%2].PutRun(ctx, run)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		want := wholeRun()
		want.Revision, want.Reason = 40, "reason-40"
		expectRun(t, handles[0], want)
	})
}

func TestPutRunRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*Run)
		want   string
	}{
		"no uid":             {func(r *Run) { r.UID = "" }, "uid has 1 to 128 bytes, not 0"},
		"long uid":           {func(r *Run) { r.UID = strings.Repeat("u", 129) }, "uid has 1 to 128 bytes, not 129"},
		"long message":       {func(r *Run) { r.Failure.Message = strings.Repeat("m", 4097) }, "failure message has 0 to 4096 bytes"},
		"long details":       {func(r *Run) { r.Details = strings.Repeat("d", MaxRunDetails+1) }, "details has 0 to 16384 bytes"},
		"without a revision": {func(r *Run) { r.Revision = 0 }, "revision is at least 1"},
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		for name, tt := range tests {
			run := wholeRun()
			tt.change(&run)
			if written, err := s.PutRun(t.Context(), run); written || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: written %v, %v, want an error with %q", name, written, err, tt.want)
			}
		}
		// What an application can put into a failure must not keep it from being recorded.
		run := wholeRun()
		run.Failure.Message = strings.Repeat("\x00\xff", MaxFailureMessage/2)
		mustPutRun(t, s, run)
		run.Failure.Message = strings.Repeat("\uFFFD", MaxFailureMessage)
		expectRun(t, s, run)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.PutRun(ctx, wholeRun()); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that is gone: %v", err)
		}
	})
}

func TestRunUIDTellsRunsOfAnInstanceApart(t *testing.T) {
	if first, third := RunUID("uid", 0), RunUID("uid", 2); first != "uid" || third != "uid.2" {
		t.Errorf("%q and %q", first, third)
	}
}

// Several runs began at each moment, so that the uid decides between them.
func runFixture(t *testing.T, db *database) *Store {
	t.Helper()
	s := db.open(t)
	for i, run := range []struct{ uid, user, generation string }{
		{"r1", "alice", "g1"}, {"r3", "alice", "g1"}, {"r2", "bob", "g2"},
		{"r6", "alice", "g2"}, {"r4", "alice", "g1"}, {"r5", "bob", "g2"},
		{"r7", "", ""},
	} {
		mustPutRun(t, s, Run{UID: run.uid, UserID: run.user, GenerationID: run.generation, Revision: 1, CreatedAt: epoch.Add(time.Duration(i/3) * time.Second)})
	}
	return s
}

func uidsOf(runs []Run) (uids []string) {
	for _, run := range runs {
		uids = append(uids, run.UID)
	}
	return uids
}

// listRuns returns the uids of all pages, going on with what clients hold.
func listRuns(t *testing.T, s *Store, q RunQuery) (uids []string) {
	t.Helper()
	for {
		page, next, err := s.Runs(t.Context(), q)
		if err != nil || len(page) > q.Limit || len(uids) > 10 {
			t.Fatalf("a page of %d, %d before, limit %d, %v", len(page), len(uids), q.Limit, err)
		}
		uids = append(uids, uidsOf(page)...)
		if next == nil {
			return uids
		}
		cursor, err := ParseRunCursor(next.String())
		if err != nil || cursor != *next {
			t.Fatalf("cursor %v was read as %v, %v", *next, cursor, err)
		}
		q.After = &cursor
	}
}

func TestRunsAreListedNewestFirst(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := runFixture(t, db)
		tests := map[string]struct {
			generation, user string
			want             []string
		}{
			"of a generation":                {"g1", "", []string{"r4", "r1", "r3"}},
			"of a generation and its user":   {"g2", "bob", []string{"r5", "r2"}},
			"of a generation and its former": {"g2", "alice", []string{"r6"}},
			"of no generation":               {"g3", "", nil},
			"of a user":                      {"", "alice", []string{"r4", "r6", "r1", "r3"}},
			"of nobody":                      {"", "carol", nil},
			"everybody's":                    {"", "", []string{"r7", "r4", "r5", "r6", "r1", "r2", "r3"}},
		}
		for name, tt := range tests {
			for _, limit := range []int{1, 2, 4, MaxListLimit} {
				if diff := cmp.Diff(tt.want, listRuns(t, s, RunQuery{GenerationID: tt.generation, UserID: tt.user, Limit: limit})); diff != "" {
					t.Errorf("runs %s in pages of %d (-want +got):\n%s", name, limit, diff)
				}
			}
		}
		for _, limit := range []int{0, MaxListLimit + 1} {
			if _, _, err := s.Runs(t.Context(), RunQuery{Limit: limit}); err == nil || !strings.Contains(err.Error(), "1 to 200") {
				t.Errorf("limit %d: %v", limit, err)
			}
		}
	})
}

func TestActiveRunsAreThoseWithoutAnEnd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		for uid, stopped := range map[string]*time.Time{"a-0": nil, "b-0": ptr(epoch.Add(time.Minute)), "c-0": nil, "d-0": nil} {
			run := wholeRun()
			run.UID, run.StoppedAt = uid, stopped
			mustPutRun(t, s, run)
		}
		for after, want := range map[string][]string{"": {"a-0", "c-0", "d-0"}, "a-0": {"c-0", "d-0"}, "b-0": {"c-0", "d-0"}, "d-0": nil} {
			runs, err := s.ActiveRuns(t.Context(), after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, run := range runs {
				got = append(got, run.UID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %q (-want +got):\n%s", after, diff)
			}
		}
	})
}
