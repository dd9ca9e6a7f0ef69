package collector

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/loglevel"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
)

var errCrash = errors.New("crash")

func TestLinesAreStoredOnceAcknowledgedAndClosed(t *testing.T) {
	runner, m := newFakeRunner(t), newMemory()
	c := newCollector(t, m, &fakePods{})
	c.Follow(runner.run())
	c.Follow(runner.run())
	runner.print("INFO:     Started", "Traceback (most recent call last):", "  File", "ValueError: no")
	support.Eventually(t, "the lines are acknowledged before the end", func() bool { return runner.get().acked == 4 })
	if state := m.state(runUID); state.Complete {
		t.Error("a log that goes on is complete")
	}
	runner.print("nul \x00 and \xff")
	runner.end()
	finished(t, c)
	m.expect(t, []string{"INFO:     Started", "Traceback (most recent call last):", "  File", "ValueError: no", "nul \ufffd and \ufffd"})
	var levels []string
	for _, line := range m.of(runUID, store.SourceSubprocess) {
		levels = append(levels, line.Level)
	}
	if diff := cmp.Diff([]string{"INFO", "ERROR", "ERROR", "ERROR", "INFO"}, levels); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(store.LogState{Complete: true}, m.state(runUID)); diff != "" || runner.get().acked != 5 || runner.get().opened != 1 {
		t.Errorf("%d lines acknowledged over %d streams, state (-want +got):\n%s", runner.get().acked, runner.get().opened, diff)
	}
	// A manager that starts later leaves it alone.
	c = newCollector(t, m, &fakePods{})
	c.Follow(runner.run())
	finished(t, c)
	if runner.get().opened != 1 {
		t.Error("a log that is complete was read again")
	}
}

func TestEachLineOnceWhateverCrashes(t *testing.T) {
	const lines = 20_000
	for name, arrange := range map[string]func(*fakeRunner, *memory, *fakePods, func()){
		"nothing": func(*fakeRunner, *memory, *fakePods, func()) {},
		"the manager, between reading and storing": func(_ *fakeRunner, m *memory, _ *fakePods, crash func()) {
			m.before = every(5, func() error { crash(); return errCrash })
		},
		"the manager, between storing and acknowledging": func(_ *fakeRunner, m *memory, _ *fakePods, crash func()) {
			m.after = every(5, func() error { crash(); return errCrash })
		},
		"the database, before it has stored": func(_ *fakeRunner, m *memory, _ *fakePods, _ func()) {
			m.before = every(3, func() error { return errCrash })
		},
		"the database, before it has said so": func(_ *fakeRunner, m *memory, _ *fakePods, _ func()) {
			m.after = every(3, func() error { return errCrash })
		},
		"the connections": func(r *fakeRunner, _ *memory, _ *fakePods, _ func()) { r.cutAfter = 700 },
		"the connections, with the API server": func(r *fakeRunner, _ *memory, p *fakePods, _ func()) {
			r.cutAfter, p.fails = 700, 10
		},
	} {
		for collectors, title := range map[int]string{1: "one collector", 2: "two collectors at once"} {
			t.Run(name+", "+title, func(t *testing.T) {
				runner, m, pods := newFakeRunner(t), newMemory(), &fakePods{}
				crashes := make(chan struct{}, 100)
				arrange(runner, m, pods, func() { crashes <- struct{}{} })
				runner.onAck = func(seq uint64) {
					if last, _ := m.LastSeq(context.Background(), runUID, store.SourceSubprocess); uint64(last) < seq {
						t.Errorf("line %d was acknowledged, only %d are stored", seq, last)
					}
				}
				texts := numbered(1, lines)
				runner.print(texts...)
				runner.end()
				done := make(chan struct{})
				for range collectors {
					go func() {
						defer func() { done <- struct{}{} }()
						for {
							c := newCollector(t, m, pods)
							c.Follow(runner.run())
							c.mu.Lock()
							f := c.followers[runUID]
							c.mu.Unlock()
							select {
							case <-f.done:
								return
							case <-crashes:
								// The next manager begins where the store is.
								c.Close()
							}
						}
					}()
				}
				for range collectors {
					<-done
				}
				m.expect(t, texts)
				if diff := cmp.Diff(store.LogState{Complete: true}, m.state(runUID)); diff != "" {
					t.Errorf("state (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// every fails one of n insertions, until it has failed 20.
func every(n int, fail func() error) func([]store.LogLine) error {
	calls := 0
	return func([]store.LogLine) error {
		if calls++; calls%n == 0 && calls <= 20*n {
			return fail()
		}
		return nil
	}
}

func TestWithoutItsJournalTheRestComesFromThePod(t *testing.T) {
	since := time.Unix(900, 0).UTC()
	at := func(seq int) time.Time { return time.Unix(1000+int64(seq), 0).UTC() }
	texts := numbered(1, 300)
	same := make([]string, 300)
	for i := range same {
		same[i] = "tick"
	}
	for name, test := range map[string]struct {
		texts []string
		// read is how many were read before the runner died, first the number of the first line that the log still has,
		// 0 when the pod is gone.
		read, first int
		// burst is set when all was printed at once.
		burst bool
		want  store.LogState
	}{
		"all of it":                   {texts: texts, read: 0, first: 1, want: store.LogState{Complete: true}},
		"the rest":                    {texts: texts, read: 120, first: 1, want: store.LogState{Complete: true}},
		"nothing more":                {texts: texts, read: 300, first: 1, want: store.LogState{Complete: true}},
		"equal lines":                 {texts: same, read: 120, first: 1, want: store.LogState{Complete: true}},
		"equal lines at once":         {texts: same, read: 120, first: 1, burst: true, want: store.LogState{Complete: true}},
		"the rest of a rotated one":   {texts: texts, read: 120, first: 90, want: store.LogState{Complete: true}},
		"equal lines, rotated":        {texts: same, read: 120, first: 90, want: store.LogState{Complete: true}},
		"rotated at the last line":    {texts: texts, read: 120, first: 120, want: store.LogState{Complete: true}},
		"pod gone":                    {texts: texts[:120], read: 120, want: store.LogState{Complete: true, MissingFrom: ptr(at(120))}},
		"pod gone before it was read": {read: 0, want: store.LogState{Complete: true, MissingFrom: ptr(since)}},
	} {
		t.Run(name, func(t *testing.T) {
			runner, m, pods := newFakeRunner(t), newMemory(), &fakePods{}
			if test.burst {
				runner.at = func(int) time.Time { return at(1) }
			}
			runner.print(test.texts[:test.read]...)
			c := newCollector(t, m, pods)
			c.Follow(runner.run())
			support.Eventually(t, "what was printed is stored", func() bool { return len(m.of(runUID, store.SourceSubprocess)) == test.read && runner.get().opened > 0 })
			if test.first == 0 {
				pods.set(PodGone, "")
			} else {
				pods.set(PodEnded, runner.logOf(test.first, test.texts[test.first-1:]))
			}
			runner.die()
			finished(t, c)
			m.expect(t, test.texts)
			if diff := cmp.Diff(test.want, m.state(runUID)); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestRotatedAwayIsMissing(t *testing.T) {
	runner, m, pods := newFakeRunner(t), newMemory(), &fakePods{}
	runner.print(numbered(1, 100)...)
	c := newCollector(t, m, pods)
	c.Follow(runner.run())
	support.Eventually(t, "what was printed is stored", func() bool { return len(m.of(runUID, store.SourceSubprocess)) == 100 })
	pods.set(PodEnded, runner.logOf(200, numbered(200, 250)))
	runner.die()
	finished(t, c)
	// How many are between is not known, so the numbers go on.
	m.expect(t, append(numbered(1, 100), numbered(200, 250)...))
	want := store.LogState{Complete: true, MissingFrom: ptr(time.Unix(1100, 0).UTC())}
	if diff := cmp.Diff(want, m.state(runUID)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestGapsAreFilledFromThePod(t *testing.T) {
	at := func(seq int) *time.Time { return ptr(time.Unix(1000+int64(seq), 0).UTC()) }
	texts := numbered(1, 1000)
	same := make([]string, 1000)
	for i := range same {
		same[i] = "tick"
	}
	lines := func(from, to int) (out []int) {
		for n := from; n <= to; n++ {
			out = append(out, n)
		}
		return out
	}
	for name, test := range map[string]struct {
		texts []string
		// stored before the gap, dropped by the journal, first in the log of the container.
		stored, dropped, first int
		lost                   []int
		want                   store.LogState
	}{
		"in the log":            {texts, 300, 600, 1, nil, store.LogState{Complete: true}},
		"at the beginning":      {texts, 0, 600, 1, nil, store.LogState{Complete: true}},
		"equal lines":           {same, 300, 600, 1, nil, store.LogState{Complete: true}},
		"rotated, still there":  {texts, 300, 600, 250, nil, store.LogState{Complete: true}},
		"rotated within":        {texts, 300, 600, 400, lines(301, 399), store.LogState{Complete: true, MissingFrom: at(300), LinesMissing: ptr(int64(99))}},
		"equal, rotated within": {same, 300, 600, 400, lines(301, 399), store.LogState{Complete: true, MissingFrom: at(300), LinesMissing: ptr(int64(99))}},
		"rotated at the start":  {texts, 0, 600, 400, lines(1, 399), store.LogState{Complete: true, MissingFrom: ptr(time.Unix(900, 0).UTC()), LinesMissing: ptr(int64(399))}},
		"rotated beyond":        {texts, 300, 600, 700, lines(301, 600), store.LogState{Complete: true, MissingFrom: at(300), LinesMissing: ptr(int64(300))}},
	} {
		t.Run(name, func(t *testing.T) {
			runner, m, pods := newFakeRunner(t), newMemory(), &fakePods{}
			pods.set(PodActive, runner.logOf(test.first, test.texts[test.first-1:]))
			runner.print(test.texts[:test.stored]...)
			c := newCollector(t, m, pods)
			c.Follow(runner.run())
			support.Eventually(t, "what was printed is stored", func() bool { return len(m.of(runUID, store.SourceSubprocess)) == test.stored })
			c.Close()
			runner.change(func() { runner.texts, runner.dropped = test.texts, uint64(test.dropped) })
			runner.end()
			c = newCollector(t, m, pods)
			c.Follow(runner.run())
			finished(t, c)
			m.expect(t, test.texts, test.lost...)
			if diff := cmp.Diff(test.want, m.state(runUID)); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

// The numbers tell what is missing when the manager crashed before it could record it.
func TestMissingLinesAreCountedAfterACrash(t *testing.T) {
	runner, m := newFakeRunner(t), newMemory()
	for seq := range int64(10) {
		if seq < 3 || seq > 6 {
			if _, err := m.AppendLogs(t.Context(), []store.LogLine{{RunUID: runUID, Source: store.SourceSubprocess, Seq: seq + 1, Message: "x"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	runner.print("x", "x", "x", "x", "x", "x", "x", "x", "x", "x", "y")
	runner.end()
	c := newCollector(t, m, &fakePods{})
	c.Follow(runner.run())
	finished(t, c)
	want := store.LogState{Complete: true, MissingFrom: ptr(time.Unix(900, 0).UTC()), LinesMissing: ptr(int64(4))}
	if diff := cmp.Diff(want, m.state(runUID)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestKnownLinesAreBounded(t *testing.T) {
	tests := map[string]struct {
		length      int
		least, most int
	}{
		"short lines": {8, knownLines, 2*knownLines - 1},
		"long lines":  {runnerapi.MaxLineBytes, knownBytes / runnerapi.MaxLineBytes, 2*knownBytes/runnerapi.MaxLineBytes - 1},
		"too long":    {3 * knownBytes, 1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var f follower
			for i := range 1000 {
				f.know(entry{text: fmt.Sprintf("%0*d", tt.length, i)})
				size := 0
				for back := range f.known {
					size += len(f.known[len(f.known)-1-back].text)
					if want := fmt.Sprintf("%0*d", tt.length, i-back); f.known[len(f.known)-1-back].text != want {
						t.Fatalf("line %d, %d before the last, is another one", i, back)
					}
				}
				if n := len(f.known); n < min(tt.least, i+1) || n > tt.most || size != f.knownSize {
					t.Fatalf("%d lines of %d bytes are known after %d, %d are counted; want %d to %d lines", n, size, i+1, f.knownSize, tt.least, tt.most)
				}
			}
		})
	}
}

func TestTracebackGoesOnAfterARestart(t *testing.T) {
	runner, m := newFakeRunner(t), newMemory()
	runner.print("Traceback (most recent call last):", "  File")
	c := newCollector(t, m, &fakePods{})
	c.Follow(runner.run())
	support.Eventually(t, "the beginning is stored", func() bool { return len(m.of(runUID, store.SourceSubprocess)) == 2 })
	c.Close()
	runner.print("    code", "ValueError: x", "next")
	runner.end()
	c = newCollector(t, m, &fakePods{})
	c.Follow(runner.run())
	finished(t, c)
	var levels []string
	for _, line := range m.of(runUID, store.SourceSubprocess)[2:] {
		levels = append(levels, line.Level)
	}
	if diff := cmp.Diff([]string{"ERROR", "ERROR", "INFO"}, levels); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
}

func TestTimesAreClipped(t *testing.T) {
	runner, m := newFakeRunner(t), newMemory()
	times := []time.Time{time.Unix(1, 0), time.Unix(1000, 0), time.Now().Add(time.Hour)}
	runner.at = func(seq int) time.Time { return times[seq-1] }
	runner.print("before the pod", "as it was", "from the future")
	runner.end()
	c := newCollector(t, m, &fakePods{})
	c.Follow(runner.run())
	finished(t, c)
	lines := m.of(runUID, store.SourceSubprocess)
	if !lines[0].At.Equal(time.Unix(900, 0)) || !lines[1].At.Equal(times[1]) || lines[2].At.After(time.Now()) {
		t.Errorf("times are %v, %v and %v", lines[0].At, lines[1].At, lines[2].At)
	}
}

func TestSystemLinesAreStoredOnce(t *testing.T) {
	m := newMemory()
	line := func(seq int64, message string) SystemLine {
		return SystemLine{Seq: seq, At: time.Unix(1000, 0), Level: loglevel.Info, Message: message}
	}
	stored := func() (messages []string) {
		for _, line := range m.of(runUID, store.SourceSystem) {
			messages = append(messages, line.Message)
		}
		return messages
	}
	c := newCollector(t, m, &fakePods{})
	c.System(runUID, line(1, "started"))
	c.System(runUID, line(1, "started"), line(3, "running"), line(0, "none"), line(maxSystemSeq+1, "none"))
	support.Eventually(t, "both are stored", func() bool { return len(stored()) == 2 })
	m.mu.Lock()
	calls := m.calls
	m.mu.Unlock()
	c.System(runUID, line(1, "again"), line(3, "again"))
	if err := c.Settle(t.Context(), runUID); err != nil {
		t.Fatal(err)
	}
	c.Close()
	// A manager that starts tells all of it again.
	c = newCollector(t, m, &fakePods{})
	c.System(runUID, line(1, "again"), line(3, "again"), line(5, "stopped"))
	support.Eventually(t, "the last one is stored", func() bool { return len(stored()) == 3 })
	if diff := cmp.Diff([]string{"started", "running", "stopped"}, stored()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m.calls != calls+1 {
		t.Errorf("%d calls for lines that were stored", m.calls-calls-1)
	}
}

// A status is seen before what the application printed just before has come, and its times have whole seconds. The log is
// in the order of its times all the same.
func TestSystemLinesComeAfterWhatWasPrintedBefore(t *testing.T) {
	at := func(millis int64) time.Time { return time.UnixMilli(1_000_000 + millis).UTC() }
	m := newMemory()
	c := newCollector(t, m, &fakePods{})
	c.batcher.holding = time.Hour
	system := func(seq, millis int64) { c.System(runUID, SystemLine{Seq: seq, At: at(millis)}) }
	printed := func(seq, millis int64) store.LogLine {
		return store.LogLine{RunUID: runUID, Source: store.SourceSubprocess, Seq: seq, At: at(millis)}
	}
	prints := func(seq, millis int64) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.batcher.add(c.queue(runUID), []store.LogLine{printed(seq, millis)})
	}
	settle := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := c.Settle(ctx, runUID); err != nil {
			t.Fatal(err)
		}
	}
	system(1, 560)
	prints(1, 541)
	prints(2, 543)
	settle()
	system(5, 700)
	system(6, 700)
	c.mu.Lock()
	c.batcher.add(c.queue(runUID), []store.LogLine{printed(7, 650), printed(8, 750)})
	c.mu.Unlock()
	prints(3, 5586)
	system(2, 5000)
	system(3, 7000)
	settle()
	system(4, 2000)
	settle()
	var got []string
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range m.lines {
		got = append(got, fmt.Sprintf("%s %d %d", line.Source, line.Seq, line.At.Sub(at(0)).Milliseconds()))
	}
	want := []string{
		"subprocess 1 541", "subprocess 2 543", "system 1 560", "subprocess 7 650", "system 5 700", "system 6 700", "subprocess 8 750",
		"subprocess 3 5586", "system 2 5586", "system 3 7000",
		// What is told late keeps its time.
		"system 4 2000",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the store refuses of one run must not keep back the others.
func TestOneRunDoesNotKeepBackOthers(t *testing.T) {
	m := newMemory()
	m.before = func(lines []store.LogLine) error {
		for _, line := range lines {
			if line.RunUID == "bad" {
				return errCrash
			}
		}
		return nil
	}
	c := newCollector(t, m, &fakePods{})
	c.System("bad", SystemLine{Seq: 1})
	c.System(runUID, SystemLine{Seq: 1})
	c.System("bad", SystemLine{Seq: 2})
	c.System(runUID, SystemLine{Seq: 2})
	support.Eventually(t, "the others are stored", func() bool { return len(m.of(runUID, store.SourceSystem)) == 2 })
	m.mu.Lock()
	m.before = nil
	m.mu.Unlock()
	support.Eventually(t, "all are stored", func() bool { return len(m.of("bad", store.SourceSystem)) == 2 })
}

func TestHoldIsBounded(t *testing.T) {
	runner, m := newFakeRunner(t), newMemory()
	now := time.Unix(2000, 0)
	c := newCollector(t, m, &fakePods{})
	c.options.Now = func() time.Time { return now }
	if c.Hold(runUID) != 0 {
		t.Error("a run that nobody follows is held")
	}
	runner.change(func() { runner.gone = true })
	c.Follow(runner.run())
	if got := c.Hold(runUID); got != holdPatience {
		t.Errorf("held for %s at first", got)
	}
	now = now.Add(holdPatience - time.Second)
	if got := c.Hold(runUID); got != time.Second {
		t.Errorf("held for %s after that", got)
	}
	now = now.Add(time.Hour)
	if got := c.Hold(runUID); got != 0 {
		t.Errorf("held for %s in the end", got)
	}
	now = now.Add(-time.Hour)
	runner.change(func() { runner.gone = false })
	support.Eventually(t, "a run whose journal is read is not held", func() bool { return c.Hold(runUID) == 0 })
	runner.end()
	finished(t, c)
	if c.Hold(runUID) != 0 {
		t.Error("a run that was read to its end is held")
	}
}

func TestRunsAreRecordedOnceForEachFact(t *testing.T) {
	m := newMemory()
	m.refuse = 2
	c := newCollector(t, m, &fakePods{})
	settle := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := c.Settle(ctx, runUID); err != nil {
			t.Fatal(err)
		}
	}
	record := func(revision int64, phase string) { c.Record(store.Run{UID: runUID, Revision: revision, Phase: phase}) }
	record(1, "Starting")
	settle()
	record(1, "Starting")
	settle()
	// Facts of a deletion are derived, and have the revision of those before.
	record(1, "Stopped")
	c.System(runUID, SystemLine{Seq: 1})
	settle()
	record(2, "Stopped")
	record(1, "behind")
	settle()
	var got []string
	for _, run := range m.runs {
		got = append(got, run.Phase)
	}
	if diff := cmp.Diff([]string{"Starting", "Stopped", "Stopped"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(m.of(runUID, store.SourceSystem)) != 1 {
		t.Error("Settle did not wait for the line")
	}
}

func TestWhereARunWasStaysKnown(t *testing.T) {
	m := newMemory()
	m.recorded = &store.Run{UID: runUID, Port: 3001, Node: "node"}
	c := newCollector(t, m, &fakePods{})
	c.Record(store.Run{UID: runUID, Revision: 2, Phase: "Stopped"})
	support.Eventually(t, "it is recorded", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return len(m.runs) == 1 && m.runs[0].Port == 3001 && m.runs[0].Node == "node"
	})
}
