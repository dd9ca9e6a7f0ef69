package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// runsIn are the recorded runs, and logsKnown those of whose log anything is known.
func runsIn(t *testing.T, s *Store) []string {
	t.Helper()
	return texts(t, s, `SELECT uid FROM runs ORDER BY uid`)
}

func logsKnown(t *testing.T, s *Store) []string {
	t.Helper()
	return texts(t, s, `SELECT run_uid FROM run_logs ORDER BY run_uid`)
}

func texts(t *testing.T, s *Store, query string) (all []string) {
	t.Helper()
	rows, err := s.db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// runsFixture has runs that ended so many hours ago as their names say, those of "logged" with lines, and one that is
// active. Of "silent-40" no log is known at all, of the others one that was removed.
func runsFixture(t *testing.T, db *database) *Store {
	t.Helper()
	s := retainFixture(t, db)
	if _, err := s.Retain(t.Context(), epoch, time.Microsecond, 0); err != nil {
		t.Fatal(err)
	}
	mustPutRun(t, s, Run{UID: "silent-40", Revision: 1, StoppedAt: ptr(epoch.Add(-40 * time.Hour))})
	mustPutRun(t, s, Run{UID: "logged-60", Revision: 1, StoppedAt: ptr(epoch.Add(-60 * time.Hour))})
	mustAppend(t, s, linesOf("logged-60", 1, 1)...)
	return s
}

func TestRetainRuns(t *testing.T) {
	all := []string{"active", "ended-1", "ended-10", "ended-20", "ended-50", "logged-60", "silent-40"}
	tests := map[string]struct {
		keep    RunRetention
		removed []string
	}{
		"no bound":                    {RunRetention{}, nil},
		"nothing is old":              {RunRetention{MaxAge: 200 * time.Hour}, nil},
		"old ones, but with a log":    {RunRetention{MaxAge: 30 * time.Hour}, []string{"ended-50", "silent-40"}},
		"at its age exactly":          {RunRetention{MaxAge: 20 * time.Hour}, []string{"ended-50", "silent-40", "ended-20"}},
		"younger than its age":        {RunRetention{MaxAge: 20*time.Hour + time.Microsecond}, []string{"ended-50", "silent-40"}},
		"number fits":                 {RunRetention{MaxRuns: 7}, nil},
		"one too many":                {RunRetention{MaxRuns: 6}, []string{"ended-50"}},
		"two too many":                {RunRetention{MaxRuns: 5}, []string{"ended-50", "silent-40"}},
		"active and logged ones stay": {RunRetention{MaxRuns: 1}, []string{"ended-50", "silent-40", "ended-20", "ended-10", "ended-1"}},
		"age, then number":            {RunRetention{MaxAge: 45 * time.Hour, MaxRuns: 5}, []string{"ended-50", "silent-40"}},
		"what somebody keeps": {
			RunRetention{MaxAge: 30 * time.Hour, MaxRuns: 5, Keep: func(uid string) bool { return uid == "ended-50" }}, []string{"silent-40", "ended-20"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, db *database) {
				s := runsFixture(t, db)
				want := int64(len(tt.removed))
				for range 2 {
					if got, err := s.RetainRuns(t.Context(), epoch, tt.keep); err != nil || got != want {
						t.Errorf("removed %d, %v, want %d", got, err, want)
					}
					want = 0
				}
				gone := func(uid string) bool { return slices.Contains(tt.removed, uid) }
				if diff := cmp.Diff(slices.DeleteFunc(slices.Clone(all), gone), runsIn(t, s)); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
				if got := slices.DeleteFunc(logsKnown(t, s), func(uid string) bool { return !gone(uid) }); len(got) > 0 {
					t.Errorf("still known are the logs of %v", got)
				}
				expectLines(t, s, "logged-60", linesOf("logged-60", 1, 1)...)
			})
		})
	}
}

// Between the look for old runs and their removal lines may come, and a run may begin anew.
func TestRunsThatChangedMeanwhileStay(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := runsFixture(t, db)
		if removed, err := s.removeRuns(t.Context(), []string{"logged-60", "active", "ended-50"}); err != nil || removed != 1 {
			t.Errorf("removed %d, %v, want the one that has not changed", removed, err)
		}
		if diff := cmp.Diff([]string{"active", "ended-1", "ended-10", "ended-20", "logged-60", "silent-40"}, runsIn(t, s)); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		expectLog(t, s, "logged-60", RunLog{Lines: 1, Bytes: lineOverhead + 6})
	})
}

// A record stays as long as its log, and goes once that is gone.
func TestRunOutlivesItsLog(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := runsFixture(t, db)
		keep := RunRetention{MaxAge: time.Microsecond, MaxRuns: 1}
		if _, err := s.RetainRuns(t.Context(), epoch, keep); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Retain(t.Context(), epoch, time.Microsecond, 0); err != nil {
			t.Fatal(err)
		}
		if got, err := s.RetainRuns(t.Context(), epoch, keep); err != nil || got != 1 {
			t.Errorf("removed %d, %v, want the one whose log is gone", got, err)
		}
		if _, err := s.Run(t.Context(), "logged-60"); !errors.Is(err, ErrRunNotFound) {
			t.Errorf("its record: %v, want ErrRunNotFound", err)
		}
		if diff := cmp.Diff([]string{"active"}, runsIn(t, s)); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}

// What is known of a log that nobody has recorded a run of goes with age, once its lines are gone.
func TestUnknownLogsAreForgotten(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := retainFixture(t, db)
		unknown := func() []string {
			return slices.DeleteFunc(logsKnown(t, s), func(uid string) bool { return !strings.HasPrefix(uid, "unknown") })
		}
		for _, step := range []struct {
			logs, runs time.Duration
			want       []string
		}{
			{200 * time.Hour, time.Microsecond, []string{"unknown-100", "unknown-5"}},
			{time.Microsecond, 200 * time.Hour, []string{"unknown-100", "unknown-5"}},
			{time.Microsecond, 50 * time.Hour, []string{"unknown-5"}},
		} {
			if _, err := s.Retain(t.Context(), epoch, step.logs, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := s.RetainRuns(t.Context(), epoch, RunRetention{MaxAge: step.runs}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(step.want, unknown()); diff != "" {
				t.Errorf("known after %s (-want +got):\n%s", step.runs, diff)
			}
		}
	})
}

// More than a batch, most of which somebody keeps, beside a second process and runs that go on.
func TestManyRunsAreRemoved(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		handles := []*Store{db.open(t), db.open(t)}
		const count = 2*retainRuns + 7
		run := func(i int) Run {
			return Run{UID: fmt.Sprintf("run-%04d", i), Revision: 1, StoppedAt: ptr(epoch.Add(-time.Hour)), UpdatedAt: epoch}
		}
		for i := range count {
			mustPutRun(t, handles[0], run(i))
		}
		mustAppend(t, handles[0], linesOf("active", 1, 1)...)
		keep := RunRetention{MaxAge: time.Minute, Keep: func(uid string) bool { return uid < "run-0600" }}
		group, ctx := errgroup.WithContext(t.Context())
		for _, s := range handles {
			group.Go(func() error {
				_, err := s.RetainRuns(ctx, epoch, keep)
				return err
			})
			group.Go(func() error {
				for seq := int64(2); seq < 50; seq++ {
					again := run(int(seq))
					again.Revision = seq
					_, errPut := s.PutRun(ctx, again)
					_, errAppend := s.AppendLogs(ctx, linesOf("active", seq, seq))
					if err := errors.Join(errPut, errAppend); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if got := runsIn(t, handles[0]); len(got) != 600 || got[599] != "run-0599" {
			t.Errorf("%d runs are left, want the 600 that somebody keeps", len(got))
		}
	})
}

// Nothing is read in whole to find what goes: the runs that ended come from an index, in its order.
func TestEndedRunsAreFoundByIndex(t *testing.T) {
	plan := explain(t, newSQLite(t).open(t), endedRunsQuery, 0, "", 1)
	if text := strings.Join(plan, "\n"); !strings.Contains(text, "USING INDEX runs_by_end") && !strings.Contains(text, "USING COVERING INDEX runs_by_end") ||
		strings.Contains(text, "TEMP B-TREE") {
		t.Errorf("plan:\n%s", text)
	}
}

func TestRetainRunsEndsWithItsCaller(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := runsFixture(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := s.RetainRuns(ctx, epoch, RunRetention{MaxAge: time.Hour}); !errors.Is(err, context.Canceled) || got != 0 {
			t.Errorf("removed %d, %v", got, err)
		}
	})
}
