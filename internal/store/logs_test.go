package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"
)

// line is a line of the application, number seq of a run, printed seq seconds after epoch.
func line(run string, seq int64) LogLine {
	return LogLine{
		RunUID: run, Source: SourceSubprocess, Seq: seq, At: epoch.Add(time.Duration(seq) * time.Second), Level: "INFO",
		Message: fmt.Sprint("line ", seq),
	}
}

func linesOf(run string, from, to int64) (lines []LogLine) {
	for seq := from; seq <= to; seq++ {
		lines = append(lines, line(run, seq))
	}
	return lines
}

func mustAppend(t *testing.T, s *Store, lines ...LogLine) {
	t.Helper()
	if added, err := s.AppendLogs(t.Context(), lines); err != nil || added != len(lines) {
		t.Fatalf("%d of %d lines are new, %v", added, len(lines), err)
	}
}

// allLines reads a run in pages of a size.
func allLines(t *testing.T, s *Store, q LogQuery) (lines []LogLine) {
	t.Helper()
	for {
		page, next, err := s.Logs(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, page...)
		if next == 0 {
			return lines
		}
		if next <= q.AfterID || len(page) != q.Limit {
			t.Fatalf("a page of %d after %d, the next one after %d", len(page), q.AfterID, next)
		}
		q.AfterID = next
	}
}

var withoutID = cmpopts.IgnoreFields(LogLine{}, "ID")

func expectLines(t *testing.T, s *Store, run string, want ...LogLine) {
	t.Helper()
	got := allLines(t, s, LogQuery{RunUID: run, Limit: MaxLogLimit})
	if diff := cmp.Diff(want, got, withoutID, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("lines of %s (-want +got):\n%s", run, diff)
	}
}

func expectLog(t *testing.T, s *Store, run string, want RunLog) {
	t.Helper()
	got, err := s.Run(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Log); diff != "" {
		t.Errorf("log of %s (-want +got):\n%s", run, diff)
	}
}

func expectLastSeq(t *testing.T, s *Store, run string, source Source, want int64) {
	t.Helper()
	if got, err := s.LastSeq(t.Context(), run, source); err != nil || got != want {
		t.Errorf("last number of %s, %s: %d, %v, want %d", run, source, got, err, want)
	}
}

func TestLinesAreStoredOnceAndInOrder(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		mustPutRun(t, s, Run{UID: "a", Revision: 1})
		expectLog(t, s, "a", RunLog{})
		expectLastSeq(t, s, "a", SourceSubprocess, 0)
		system := LogLine{RunUID: "a", Source: SourceSystem, Seq: 1, At: epoch, Level: "INFO", Message: "claimed"}
		partial := line("a", 3)
		partial.Partial, partial.Level, partial.Message = true, "ERROR", "ünï"
		mustAppend(t, s, system, line("a", 1), line("b", 1), line("a", 2), partial)
		expectLines(t, s, "a", system, line("a", 1), line("a", 2), partial)
		expectLines(t, s, "b", line("b", 1))
		expectLines(t, s, "c")

		// A batch that is sent again, with some lines more, in another order, and with a number that says something else.
		other := line("a", 2)
		other.Message = "other"
		again := []LogLine{line("a", 4), line("b", 1), other, line("a", 1), system, line("a", 4), line("a", 5)}
		for want, handle := range []*Store{db.open(t), s} {
			want = 2 - 2*want
			if added, err := handle.AppendLogs(t.Context(), again); err != nil || added != want {
				t.Errorf("%d lines are new, %v, want %d", added, err, want)
			}
		}
		expectLines(t, s, "a", system, line("a", 1), line("a", 2), partial, line("a", 4), line("a", 5))
		expectLog(t, s, "a", RunLog{Lines: 5, SystemLines: 1, Bytes: 6*lineOverhead + int64(len("claimed")+4*len("line 1")+len("ünï"))})
		// The last number stays the highest, whatever comes late.
		late := system
		late.Seq = 3
		mustAppend(t, s, line("b", 9), late)
		late.Seq = 2
		mustAppend(t, s, line("b", 7), late)
		for run, want := range map[string][2]int64{"a": {5, 3}, "b": {9, 0}, "c": {0, 0}} {
			expectLastSeq(t, s, run, SourceSubprocess, want[0])
			expectLastSeq(t, s, run, SourceSystem, want[1])
		}
	})
}

// Collectors that restart, and an old one beside a new one: each line is there once, in the order of its number.
func TestEachLineIsStoredOnceWhoeverSendsIt(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		const last, runs = 3000, 3
		handles := []*Store{db.open(t), db.open(t)}
		group, ctx := errgroup.WithContext(t.Context())
		for collector := range 4 {
			random := rand.New(rand.NewPCG(1, uint64(collector)))
			group.Go(func() error {
				s := handles[collector%2]
				for {
					var batch []LogLine
					done := true
					for run := range runs {
						uid := fmt.Sprint("run-", (run+collector)%runs)
						from, err := s.LastSeq(ctx, uid, SourceSubprocess)
						if err != nil {
							return err
						}
						done = done && from == last
						batch = append(batch, linesOf(uid, from+1, min(last, from+1+random.Int64N(400)))...)
					}
					if done {
						return nil
					}
					if _, err := s.AppendLogs(ctx, batch); err != nil {
						return err
					}
				}
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		for run := range runs {
			uid := fmt.Sprint("run-", run)
			expectLines(t, handles[0], uid, linesOf(uid, 1, last)...)
		}
	})
}

// A reader who goes on after the last line it has seen misses none, however many processes append at once.
func TestReaderMissesNoLine(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		const writers, perWriter = 4, 150
		reader := db.open(t)
		group, ctx := errgroup.WithContext(t.Context())
		for writer := range writers {
			s := db.open(t)
			source, first := SourceSubprocess, int64(writer*perWriter)
			if writer == 0 {
				source = SourceSystem
			}
			group.Go(func() error {
				for seq := first + 1; seq <= first+perWriter; seq++ {
					appended := line("a", seq)
					appended.Source = source
					if _, err := s.AppendLogs(ctx, []LogLine{appended, line(fmt.Sprint("of-", writer), seq)}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		group.Go(func() error {
			seen, after := map[string]int{}, int64(0)
			for len(seen) < writers*perWriter {
				page, _, err := reader.Logs(ctx, LogQuery{RunUID: "a", AfterID: after, Limit: 50})
				if err != nil {
					return fmt.Errorf("after %d lines: %w", len(seen), err)
				}
				for _, got := range page {
					after = got.ID
					seen[fmt.Sprint(got.Source, got.Seq)]++
				}
			}
			for key, times := range seen {
				if times != 1 {
					return fmt.Errorf("%s was read %d times", key, times)
				}
			}
			return nil
		})
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestHostileLinesAreStored(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		want := []LogLine{}
		for i, message := range []struct{ printed, stored string }{
			{"", ""}, {"\x00", "\uFFFD"}, {"a\xffb", "a\uFFFDb"}, {"\xed\xa0\x80", "\uFFFD"}, {"'; DROP TABLE logs; --", "'; DROP TABLE logs; --"},
			{`{"a":"\u0000"}`, `{"a":"\u0000"}`}, {"{1,2}\\N\t\r", "{1,2}\\N\t\r"}, {"\U0010FFFF\uFEFF\u202E", "\U0010FFFF\uFEFF\u202E"},
			{strings.Repeat("\x00", 16<<10), strings.Repeat("\uFFFD", 16<<10)}, {`"NULL",null`, `"NULL",null`},
		} {
			printed := line("a", int64(i+1))
			printed.Message = message.printed
			mustAppend(t, s, printed)
			printed.Message = message.stored
			want = append(want, printed)
		}
		expectLines(t, s, "a", want...)
	})
}

func TestAppendLogsRefuses(t *testing.T) {
	change := func(do func(*LogLine)) []LogLine {
		changed := line("a", 2)
		do(&changed)
		return []LogLine{line("a", 1), changed}
	}
	tests := map[string]struct {
		lines []LogLine
		want  string
	}{
		"no run":         {change(func(l *LogLine) { l.RunUID = "" }), "run has 1 to 128 bytes, not 0"},
		"long run":       {change(func(l *LogLine) { l.RunUID = strings.Repeat("u", 129) }), "run has 1 to 128 bytes, not 129"},
		"unknown source": {change(func(l *LogLine) { l.Source = "pod" }), `source is subprocess or system, not "pod"`},
		"no number":      {change(func(l *LogLine) { l.Seq = 0 }), "number is at least 1"},
		"long level":     {change(func(l *LogLine) { l.Level = strings.Repeat("L", 17) }), "level has at most 16 bytes"},
		"long message":   {change(func(l *LogLine) { l.Message = strings.Repeat("m", MaxMessageBytes+1) }), "message has at most 49152 bytes"},
		"too many":       {linesOf("a", 1, MaxAppendLines+1), "at most 4096 lines"},
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		for name, tt := range tests {
			if added, err := s.AppendLogs(t.Context(), tt.lines); added != 0 || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %d, %v, want an error with %q", name, added, err, tt.want)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.AppendLogs(ctx, linesOf("a", 1, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that is gone: %v", err)
		}
		expectLines(t, s, "a")
		mustAppend(t, s, linesOf("a", 1, MaxAppendLines)...)
		if added, err := s.AppendLogs(t.Context(), nil); added != 0 || err != nil {
			t.Errorf("nothing: %d, %v", added, err)
		}
	})
}

func TestStateOfALogIsMerged(t *testing.T) {
	early, late := epoch.Add(time.Minute), epoch.Add(time.Hour)
	tests := map[string]struct {
		puts []LogState
		want LogState
	}{
		"complete stays":          {[]LogState{{Complete: true}, {}}, LogState{Complete: true}},
		"first loss":              {[]LogState{{MissingFrom: &late, LinesMissing: ptr(int64(3))}}, LogState{MissingFrom: &late, LinesMissing: ptr(int64(3))}},
		"more lost":               {[]LogState{{MissingFrom: &early, LinesMissing: ptr(int64(3))}, {MissingFrom: &late, LinesMissing: ptr(int64(5))}}, LogState{MissingFrom: &early, LinesMissing: ptr(int64(5))}},
		"said again, behind":      {[]LogState{{MissingFrom: &late, LinesMissing: ptr(int64(5))}, {MissingFrom: &early, LinesMissing: ptr(int64(3))}}, LogState{MissingFrom: &early, LinesMissing: ptr(int64(5))}},
		"number becomes unknown":  {[]LogState{{MissingFrom: &early, LinesMissing: ptr(int64(3))}, {MissingFrom: &late}}, LogState{MissingFrom: &early}},
		"unknown number stays so": {[]LogState{{MissingFrom: &late}, {MissingFrom: &early, LinesMissing: ptr(int64(3))}, {Complete: true}}, LogState{Complete: true, MissingFrom: &early}},
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		for name, tt := range tests {
			mustPutRun(t, s, Run{UID: name, Revision: 1})
			for range 2 {
				for _, state := range tt.puts {
					if err := s.PutLogState(t.Context(), name, state); err != nil {
						t.Fatal(err)
					}
				}
			}
			mustPutRun(t, s, Run{UID: name, Revision: 2})
			expectLog(t, s, name, RunLog{LogState: tt.want})
		}
		if err := s.PutLogState(t.Context(), "a", LogState{LinesMissing: ptr(int64(1))}); err == nil || !strings.Contains(err.Error(), "from when") {
			t.Errorf("a number without a time: %v", err)
		}
		if err := s.PutLogState(t.Context(), "", LogState{}); err == nil || !strings.Contains(err.Error(), "1 to 128") {
			t.Errorf("no run: %v", err)
		}
	})
}

func queryFixture(t *testing.T, db *database) *Store {
	t.Helper()
	s := db.open(t)
	var lines []LogLine
	for i, message := range []string{"Started", "100% done", "GET /books_list", `C:\temp`, "error in started", "Straße ÄÖ", "a%b_c\\d"} {
		appended := line("a", int64(i+1))
		appended.Message, appended.Level = message, []string{"DEBUG", "INFO", "WARNING", "ERROR"}[i%4]
		lines = append(lines, appended, line("b", int64(i+1)))
	}
	lines[0].Source, lines[8].Source = SourceSystem, SourceSystem
	mustAppend(t, s, lines...)
	return s
}

func TestLogQuery(t *testing.T) {
	tests := map[string]struct {
		query LogQuery
		want  []int64
	}{
		"all":                {LogQuery{}, []int64{1, 2, 3, 4, 5, 6, 7}},
		"a level":            {LogQuery{Levels: []string{"ERROR"}}, []int64{4}},
		"two levels":         {LogQuery{Levels: []string{"ERROR", "INFO"}}, []int64{2, 4, 6}},
		"unknown level":      {LogQuery{Levels: []string{"\x00"}}, nil},
		"source":             {LogQuery{Source: SourceSystem}, []int64{1, 5}},
		"other source":       {LogQuery{Source: SourceSubprocess}, []int64{2, 3, 4, 6, 7}},
		"since":              {LogQuery{Since: epoch.Add(5 * time.Second)}, []int64{5, 6, 7}},
		"until":              {LogQuery{Until: epoch.Add(5 * time.Second)}, []int64{1, 2, 3, 4}},
		"a span":             {LogQuery{Since: epoch.Add(2 * time.Second), Until: epoch.Add(4 * time.Second)}, []int64{2, 3}},
		"text":               {LogQuery{Text: "tarted"}, []int64{1, 5}},
		"other case":         {LogQuery{Text: "STARTED"}, []int64{1, 5}},
		"percent":            {LogQuery{Text: "0% d"}, []int64{2}},
		"percent alone":      {LogQuery{Text: "%"}, []int64{2, 7}},
		"underscore":         {LogQuery{Text: "S_L"}, []int64{3}},
		"underscore alone":   {LogQuery{Text: "_"}, []int64{3, 7}},
		"backslash":          {LogQuery{Text: `:\T`}, []int64{4}},
		"backslash alone":    {LogQuery{Text: `\`}, []int64{4, 7}},
		"beyond ASCII":       {LogQuery{Text: "straße Ä"}, []int64{6}},
		"everything escaped": {LogQuery{Text: `A%B_C\D`}, []int64{7}},
		"quote":              {LogQuery{Text: `' OR '1'='1`}, nil},
		"NUL":                {LogQuery{Text: "\x00"}, nil},
		"several conditions": {LogQuery{Text: "started", Source: SourceSystem, Levels: []string{"DEBUG"}, Since: epoch.Add(2 * time.Second)}, []int64{5}},
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		s := queryFixture(t, db)
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				tt.query.RunUID = "a"
				seqs := func(lines []LogLine) (seqs []int64) {
					for _, line := range lines {
						seqs = append(seqs, line.Seq)
					}
					return seqs
				}
				for _, limit := range []int{1, 2, 7, MaxLogLimit} {
					tt.query.Limit, tt.query.Tail = limit, false
					if diff := cmp.Diff(tt.want, seqs(allLines(t, s, tt.query))); diff != "" {
						t.Errorf("in pages of %d (-want +got):\n%s", limit, diff)
					}
					tt.query.Tail = true
					tail, next, err := s.Logs(t.Context(), tt.query)
					if err != nil || next != 0 {
						t.Fatalf("tail: next %d, %v", next, err)
					}
					if diff := cmp.Diff(tt.want[max(0, len(tt.want)-limit):], seqs(tail), cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("the last %d (-want +got):\n%s", limit, diff)
					}
				}
				var exported []LogLine
				for line, err := range s.Export(t.Context(), tt.query) {
					if err != nil {
						t.Fatal(err)
					}
					exported = append(exported, line)
				}
				if diff := cmp.Diff(tt.want, seqs(exported)); diff != "" {
					t.Errorf("export (-want +got):\n%s", diff)
				}
			})
		}
		tail, err := s.TailLines(t.Context(), "b", 2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(linesOf("b", 6, 7), tail, withoutID); diff != "" {
			t.Errorf("tail (-want +got):\n%s", diff)
		}
	})
}

func TestLogQueryRefuses(t *testing.T) {
	tests := map[string]struct {
		query LogQuery
		want  string
	}{
		"no limit":      {LogQuery{}, "limit of a page is 1 to 1000, not 0"},
		"large limit":   {LogQuery{Limit: 1001}, "1 to 1000, not 1001"},
		"long text":     {LogQuery{Limit: 1, Text: strings.Repeat("t", MaxLogText+1)}, "at most 1024 bytes, not 1025"},
		"many levels":   {LogQuery{Limit: 1, Levels: make([]string, 17)}, "at most 16 levels, not 17"},
		"without lines": {LogQuery{Limit: -1}, "not -1"},
	}
	eachDatabase(t, func(t *testing.T, db *database) {
		s := queryFixture(t, db)
		for name, tt := range tests {
			if _, _, err := s.Logs(t.Context(), tt.query); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want an error with %q", name, err, tt.want)
			}
		}
		longest := strings.Repeat(`%`, MaxLogText)
		if lines, _, err := s.Logs(t.Context(), LogQuery{RunUID: "a", Limit: 1, Text: longest, Levels: make([]string, 16)}); err != nil || len(lines) != 0 {
			t.Errorf("the longest query: %d lines, %v", len(lines), err)
		}
		for _, err := range s.Export(t.Context(), LogQuery{RunUID: "a", Text: longest + "%"}) {
			if err == nil || !strings.Contains(err.Error(), "at most 1024") {
				t.Errorf("export: %v", err)
			}
		}
	})
}

// A page of long lines ends early, and no line is lost between pages.
func TestPagesAreBoundedInBytes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		const count = 2*maxPageBytes/(16<<10) + 10
		var want []LogLine
		for seq := int64(1); seq <= count; seq++ {
			long := line("a", seq)
			long.Message = strings.Repeat("x", 16<<10)
			want = append(want, long)
		}
		mustAppend(t, s, want...)
		page, next, err := s.Logs(t.Context(), LogQuery{RunUID: "a", Limit: MaxLogLimit})
		if err != nil || next == 0 || len(page) != maxPageBytes/(16<<10)+1 {
			t.Errorf("the first page has %d lines, next %d, %v", len(page), next, err)
		}
		seq := int64(0)
		for got, err := range s.Export(t.Context(), LogQuery{RunUID: "a"}) {
			if seq++; err != nil || got.Seq != seq {
				t.Fatalf("line %d is number %d, %v", seq, got.Seq, err)
			}
		}
		if seq != count {
			t.Errorf("%d lines of %d were exported", seq, count)
		}
	})
}

// A reader that stops half-way leaves nothing behind: the store can be closed.
func TestExportEndsWithItsReader(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		mustAppend(t, s, linesOf("a", 1, 2*MaxLogLimit)...)
		for line, err := range s.Export(t.Context(), LogQuery{RunUID: "a"}) {
			if err != nil {
				t.Fatal(err)
			}
			if open := s.db.Stats().InUse; open != 0 {
				t.Errorf("%d connections are in use while a line is read", open)
			}
			if line.Seq == MaxLogLimit+1 {
				break
			}
		}
	})
}

// Every query finds what it reads through an index and in its order: it costs as much as what it returns, or the run has.
func TestRunAndLogQueriesUseAnIndex(t *testing.T) {
	s := queryFixture(t, newSQLite(t))
	type plan struct {
		query string
		args  []any
		want  []string
	}
	log := func(q LogQuery) plan {
		q.RunUID, q.Limit = "a", 10
		query, args := q.sql(s.dialect)
		want := "SEARCH logs USING INDEX logs_by_run (run_uid=?)"
		if q.AfterID > 0 {
			want = "SEARCH logs USING INDEX logs_by_run (run_uid=? AND id>?)"
		}
		return plan{query, args, []string{want}}
	}
	join := "SEARCH run_logs USING INDEX sqlite_autoindex_run_logs_1 (run_uid=?) LEFT-JOIN"
	tests := map[string]plan{
		"first page": log(LogQuery{}), "later page": log(LogQuery{AfterID: 5}), "tail": log(LogQuery{Tail: true}),
		"levels": log(LogQuery{Levels: []string{"INFO", "ERROR"}}), "source": log(LogQuery{Source: SourceSystem, AfterID: 5}), "source, first page": log(LogQuery{Source: SourceSystem}),
		"text": log(LogQuery{Text: "x", AfterID: 5}), "span": log(LogQuery{Since: epoch, Until: epoch}),
		"everything": log(LogQuery{Levels: []string{"INFO"}, Source: SourceSystem, Text: "x", Since: epoch, Until: epoch, AfterID: 5, Tail: true}),
		"a run":      {selectRuns + ` WHERE uid = $1`, []any{"a"}, []string{"SEARCH runs USING INDEX sqlite_autoindex_runs_1 (uid=?)", join}},
		"of a generation": {
			selectRuns + ` WHERE generation_id = $1 ORDER BY created_at DESC, uid LIMIT $2`, []any{"a", 1},
			[]string{"SEARCH runs USING INDEX runs_by_generation (generation_id=?)", join},
		},
		"of a user": {
			selectRuns + ` WHERE user_id = $1 AND created_at <= $2 AND (created_at < $2 OR uid > $3) ORDER BY created_at DESC, uid LIMIT $4`, []any{"a", 1, "b", 1},
			[]string{"SEARCH runs USING INDEX runs_by_user (user_id=? AND created_at<?)", join},
		},
		"of everybody": {
			selectRuns + ` ORDER BY created_at DESC, uid LIMIT $1`, []any{1},
			[]string{"SCAN runs USING INDEX runs_by_creation", join},
		},
		"size of all logs": {`SELECT sum(bytes) FROM run_logs WHERE bytes > 0`, nil, []string{"SCAN run_logs USING INDEX run_logs_held"}},
		// Sorting is bounded by the logs that are held.
		"ended logs": {endedLogsQuery, []any{1, 2}, []string{
			"SCAN run_logs USING INDEX run_logs_held", "SEARCH runs USING INDEX sqlite_autoindex_runs_1 (uid=?) LEFT-JOIN", "USE TEMP B-TREE FOR ORDER BY",
		}},
		"lines to remove": {
			`DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE run_uid = $1 ORDER BY id LIMIT $2)`, []any{"a", 1},
			[]string{"SEARCH logs USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY 1", "SEARCH logs USING COVERING INDEX logs_by_run (run_uid=?)"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, explain(t, s, tt.query, tt.args...)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}
