package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// linesIn counts the lines of a run that are there.
func linesIn(t *testing.T, s *Store, run string) (count int) {
	t.Helper()
	if err := s.db.QueryRow(`SELECT count(*) FROM logs WHERE run_uid = $1`, run).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// tenLines is the size of ten lines of linesOf.
const tenLines = 9*(lineOverhead+6) + lineOverhead + 7

// retainFixture has logs of ten lines. Runs ended so many hours ago as their names say, -1 for those that are active.
func retainFixture(t *testing.T, db *database) *Store {
	t.Helper()
	now := epoch.Add(-100 * time.Hour)
	s := db.openWithClock(t, func() time.Time { return now })
	for name, hours := range map[string]int{"ended-50": 50, "ended-20": 20, "ended-10": 10, "ended-1": 1, "active": -1} {
		run := Run{UID: name, Revision: 1, CreatedAt: epoch.Add(-200 * time.Hour)}
		if hours >= 0 {
			run.StoppedAt = ptr(epoch.Add(-time.Duration(hours) * time.Hour))
		}
		mustPutRun(t, s, run)
		mustAppend(t, s, linesOf(name, 1, 10)...)
	}
	mustAppend(t, s, linesOf("unknown-100", 1, 10)...)
	now = epoch.Add(-5 * time.Hour)
	mustAppend(t, s, linesOf("unknown-5", 1, 10)...)
	return s
}

func TestRetain(t *testing.T) {
	tests := map[string]struct {
		maxAge   time.Duration
		maxBytes int64
		removed  []string
	}{
		"no bound":               {0, 0, nil},
		"nothing is old":         {200 * time.Hour, 0, nil},
		"old ones":               {15 * time.Hour, 0, []string{"ended-50", "ended-20", "unknown-100"}},
		"at its age exactly":     {20 * time.Hour, 0, []string{"ended-50", "ended-20", "unknown-100"}},
		"younger than its age":   {20*time.Hour + time.Microsecond, 0, []string{"ended-50", "unknown-100"}},
		"all old":                {time.Microsecond, 0, []string{"ended-50", "ended-20", "ended-10", "ended-1", "unknown-100", "unknown-5"}},
		"size fits":              {0, 7 * tenLines, nil},
		"one too many":           {0, 7*tenLines - 1, []string{"ended-50"}},
		"two too many":           {0, 5 * tenLines, []string{"ended-50", "ended-20"}},
		"active ones are larger": {0, 1, []string{"ended-50", "ended-20", "ended-10", "ended-1"}},
		"age makes room":         {30 * time.Hour, 5 * tenLines, []string{"ended-50", "unknown-100"}},
		"age, then size":         {30 * time.Hour, 4 * tenLines, []string{"ended-50", "unknown-100", "ended-20"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, db *database) {
				s := retainFixture(t, db)
				removed := map[string]bool{}
				for _, run := range tt.removed {
					removed[run] = true
				}
				want := Retained{Logs: len(tt.removed), Lines: int64(10 * len(tt.removed)), Bytes: int64(tenLines * len(tt.removed))}
				for range 2 {
					got, err := s.Retain(t.Context(), epoch, tt.maxAge, tt.maxBytes)
					if err != nil || got != want {
						t.Errorf("removed %+v, %v, want %+v", got, err, want)
					}
					want = Retained{}
				}
				for _, run := range []string{"ended-50", "ended-20", "ended-10", "ended-1", "active", "unknown-100", "unknown-5"} {
					lines, log := 10, RunLog{Lines: 10, Bytes: tenLines}
					if removed[run] {
						lines, log = 0, RunLog{Lines: 10, RemovedAt: ptr(epoch)}
					}
					if got := linesIn(t, s, run); got != lines {
						t.Errorf("%s has %d lines, want %d", run, got, lines)
					}
					if run[0] != 'u' {
						expectLog(t, s, run, log)
					}
				}
			})
		})
	}
}

// A collector that comes back to a run whose log was removed stores none of it again.
func TestRemovedLogStaysRemoved(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := retainFixture(t, db)
		f := follow(t, s, "ended-50", 0)
		if _, err := followUntil(t.Context(), f, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Retain(t.Context(), epoch, 30*time.Hour, 0); err != nil {
			t.Fatal(err)
		}
		expectLastSeq(t, s, "ended-50", SourceSubprocess, 10)
		lines := append(linesOf("ended-50", 8, 15), linesOf("active", 9, 12)...)
		if added, err := s.AppendLogs(t.Context(), lines); err != nil || added != 2 {
			t.Errorf("%d lines are new, %v, want 2", added, err)
		}
		if got := linesIn(t, s, "ended-50"); got != 0 {
			t.Errorf("%d lines are back", got)
		}
		expectLog(t, s, "ended-50", RunLog{Lines: 10, RemovedAt: ptr(epoch)})
		if _, err := followUntil(t.Context(), f, 100); !errors.Is(err, io.EOF) {
			t.Errorf("its follower: %v, want io.EOF", err)
		}
	})
}

// Large logs go in batches, and what an interrupted call has begun the next one ends, whatever the bounds are by then.
func TestInterruptedRemovalIsEnded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		const count = 2*retainBatch + 10
		mustPutRun(t, s, Run{UID: "a", Revision: 1, StoppedAt: &epoch})
		mustPutRun(t, s, Run{UID: "b", Revision: 1, StoppedAt: ptr(epoch.Add(-time.Hour))})
		mustAppend(t, s, linesOf("a", 1, count)...)
		mustAppend(t, s, linesOf("b", 1, 10)...)
		whole, err := s.Run(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		lines, bytes, err := s.removeBatch(t.Context(), "a", epoch)
		if err != nil || lines != retainBatch {
			t.Fatalf("%d lines in a batch, %v", lines, err)
		}
		if got := allLines(t, s, LogQuery{RunUID: "a", Limit: MaxLogLimit}); len(got) != count-retainBatch || got[0].Seq != retainBatch+1 {
			t.Errorf("%d lines are left, the first is number %d", len(got), got[0].Seq)
		}
		expectLog(t, s, "a", RunLog{Lines: count, Bytes: whole.Log.Bytes - bytes, RemovedAt: ptr(epoch)})

		want := Retained{Logs: 1, Lines: count - retainBatch, Bytes: whole.Log.Bytes - bytes}
		if got, err := s.Retain(t.Context(), epoch.Add(time.Hour), 0, 0); err != nil || got != want {
			t.Errorf("removed %+v, %v, want %+v", got, err, want)
		}
		expectLog(t, s, "a", RunLog{Lines: count, RemovedAt: ptr(epoch)})
		expectLines(t, s, "b", linesOf("b", 1, 10)...)
	})
}

func TestManyLogsAreRemoved(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		var lines []LogLine
		const count = retainLogs + 5
		for i := range count {
			run := Run{UID: fmt.Sprint("run-", i), Revision: 1, StoppedAt: &epoch}
			mustPutRun(t, s, run)
			lines = append(lines, line(run.UID, 1))
		}
		mustAppend(t, s, lines...)
		if got, err := s.Retain(t.Context(), epoch.Add(time.Hour), time.Minute, 0); err != nil || got.Logs != count || got.Lines != count {
			t.Errorf("removed %+v, %v, want %d of each", got, err, count)
		}
	})
}

// While logs are removed, others grow, and a second manager removes the same ones.
func TestRetainBesideWriters(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		handles := []*Store{db.open(t), db.open(t)}
		mustPutRun(t, handles[0], Run{UID: "active", Revision: 1})
		for run := range 5 {
			uid := fmt.Sprint("ended-", run)
			mustPutRun(t, handles[0], Run{UID: uid, Revision: 1, StoppedAt: &epoch})
			mustAppend(t, handles[0], linesOf(uid, 1, 1500)...)
		}
		group, ctx := errgroup.WithContext(t.Context())
		for _, s := range handles {
			group.Go(func() error {
				_, err := s.Retain(ctx, epoch.Add(time.Hour), time.Minute, 0)
				return err
			})
			group.Go(func() error {
				for seq := int64(1); seq < 50; seq++ {
					lines := append(linesOf("active", seq, seq), linesOf("ended-1", 1500+seq, 1500+seq)...)
					if _, err := s.AppendLogs(ctx, lines); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := handles[0].Retain(t.Context(), epoch.Add(time.Hour), time.Minute, 0); err != nil {
			t.Fatal(err)
		}
		expectLines(t, handles[0], "active", linesOf("active", 1, 49)...)
		left := map[string]int{}
		for run := range 5 {
			uid := fmt.Sprint("ended-", run)
			left[uid] = linesIn(t, handles[0], uid)
		}
		if diff := cmp.Diff(map[string]int{"ended-0": 0, "ended-1": 0, "ended-2": 0, "ended-3": 0, "ended-4": 0}, left); diff != "" {
			t.Errorf("lines left (-want +got):\n%s", diff)
		}
	})
}

func TestRetainEndsWithItsCaller(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := retainFixture(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := s.Retain(ctx, epoch, time.Hour, 0); !errors.Is(err, context.Canceled) || got != (Retained{}) {
			t.Errorf("removed %+v, %v", got, err)
		}
	})
}
