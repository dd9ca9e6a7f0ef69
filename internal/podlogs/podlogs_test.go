package podlogs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/codebegen/preview-operator/internal/loglevel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fakeLog is the log of one pod as a kubelet serves it: since takes whole seconds and drops the lines before it, and a
// stream follows until it breaks or the pod ends.
type fakeLog struct {
	mu      sync.Mutex
	entries []fakeEntry
	ended   bool
	gone    bool
	openErr error
	// breakAfter breaks the next streams after so many bytes each.
	breakAfter []int
	// breakWith is the error of a broken stream.
	breakWith error
	opened    int
	open      int
	changed   chan struct{}
}

type fakeEntry struct {
	at   time.Time
	text string
}

func newFakeLog() *fakeLog { return &fakeLog{breakWith: errBroken, changed: make(chan struct{})} }

func (l *fakeLog) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	close(l.changed)
	l.changed = make(chan struct{})
}

// breaksLeft is how many streams are still to break.
func (l *fakeLog) breaksLeft() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.breakAfter)
}

func (l *fakeLog) print(at time.Time, texts ...string) {
	l.change(func() {
		for _, text := range texts {
			l.entries = append(l.entries, fakeEntry{at, text + "\n"})
		}
	})
}

func (l *fakeLog) Ended(context.Context, string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended || l.gone, nil
}

func (l *fakeLog) Open(ctx context.Context, pod string, since time.Time, tail int64) (io.ReadCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened++
	if l.gone {
		return nil, fmt.Errorf("%w: %s", ErrGone, pod)
	}
	if l.openErr != nil {
		return nil, l.openErr
	}
	stream := &fakeStream{ctx: ctx, log: l, since: since.Truncate(time.Second), breakAfter: -1}
	if since.IsZero() {
		stream.at = max(0, len(l.entries)-int(tail))
	}
	if len(l.breakAfter) > 0 {
		stream.breakAfter, l.breakAfter = l.breakAfter[0], l.breakAfter[1:]
	}
	l.open++
	return stream, nil
}

type fakeStream struct {
	ctx        context.Context
	log        *fakeLog
	since      time.Time
	at         int
	buf        []byte
	breakAfter int
}

var errBroken = errors.New("connection reset")

func (s *fakeStream) Read(p []byte) (int, error) {
	for {
		if s.breakAfter == 0 {
			return 0, s.log.breakWith
		}
		if len(s.buf) > 0 {
			if s.breakAfter > 0 {
				p = p[:min(len(p), s.breakAfter)]
			}
			n := copy(p, s.buf)
			s.buf = s.buf[n:]
			if s.breakAfter > 0 {
				s.breakAfter -= n
			}
			return n, nil
		}
		s.log.mu.Lock()
		for ; s.at < len(s.log.entries); s.at++ {
			if e := s.log.entries[s.at]; !e.at.Before(s.since) {
				s.buf = append(s.buf, e.at.Format(time.RFC3339Nano)+" "+e.text...)
			}
		}
		ended, changed := s.log.ended || s.log.gone, s.log.changed
		s.log.mu.Unlock()
		if len(s.buf) > 0 {
			continue
		}
		if ended {
			return 0, io.EOF
		}
		select {
		case <-s.ctx.Done():
			return 0, s.ctx.Err()
		case <-changed:
		}
	}
}

func (s *fakeStream) Close() error {
	s.log.change(func() { s.log.open-- })
	return nil
}

func newHub(t *testing.T, source Source, change func(*Options)) *Hub {
	t.Helper()
	opts := Options{
		Source: source, RingLines: 4096, RingBytes: 4 << 20, Logger: slog.New(slog.DiscardHandler),
		Backoff: func(int) time.Duration { return time.Microsecond },
	}
	if change != nil {
		change(&opts)
	}
	hub, err := NewHub(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Wait)
	return hub
}

func view(t *testing.T, hub *Hub, after *Cursor) *Viewer {
	t.Helper()
	v := hub.View("pod", after)
	t.Cleanup(v.Close)
	return v
}

// take reads n lines and fails on a gap.
func take(t *testing.T, v *Viewer, n int) (lines []Line) {
	t.Helper()
	for len(lines) < n {
		batch, err := v.Next(t.Context())
		if err != nil || batch.Gap != nil {
			t.Fatalf("after %d of %d lines: gap %v, %v", len(lines), n, batch.Gap, err)
		}
		lines = append(lines, batch.Lines...)
	}
	return lines
}

// drain reads to the end of the pod and fails on a gap.
func drain(t *testing.T, v *Viewer) (lines []Line) {
	t.Helper()
	for {
		batch, err := v.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil || batch.Gap != nil {
			t.Fatalf("after %d lines: gap %v, %v", len(lines), batch.Gap, err)
		}
		lines = append(lines, batch.Lines...)
	}
}

func texts(lines []Line) (out []string) {
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return out
}

func TestOneStreamFeedsAllViewersWithPastAndLiveLines(t *testing.T) {
	log := newFakeLog()
	log.print(epoch, "INFO:     past")
	hub := newHub(t, log, nil)
	first, second := view(t, hub, nil), view(t, hub, nil)
	want := []Line{{Time: epoch, Level: loglevel.Info, Text: "INFO:     past"}}
	if diff := cmp.Diff(want, take(t, first, 1)); diff != "" {
		t.Errorf("past line (-want +got):\n%s", diff)
	}
	log.print(epoch.Add(time.Second), "ERROR:    live", "ERROR:    live")
	want = append(want,
		Line{Time: epoch.Add(time.Second), Level: loglevel.Error, Text: "ERROR:    live"},
		Line{Time: epoch.Add(time.Second), Ordinal: 1, Level: loglevel.Error, Text: "ERROR:    live"})
	if diff := cmp.Diff(want[1:], take(t, first, 2)); diff != "" {
		t.Errorf("live lines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, take(t, second, 3)); diff != "" {
		t.Errorf("the second viewer's lines (-want +got):\n%s", diff)
	}
	if log.opened != 1 {
		t.Errorf("%d streams were opened for two viewers, want 1", log.opened)
	}
}

func TestLateViewerGetsTheRing(t *testing.T) {
	log := newFakeLog()
	hub := newHub(t, log, nil)
	first := view(t, hub, nil)
	log.print(epoch, "a", "b")
	take(t, first, 2)
	if diff := cmp.Diff([]string{"a", "b"}, texts(take(t, view(t, hub, nil), 2))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// A viewer that falls behind learns exactly how many lines it lost, and does not hold up anybody.
func TestSlowViewerIsToldOfTheGap(t *testing.T) {
	log := newFakeLog()
	hub := newHub(t, log, func(o *Options) { o.RingLines = 10 })
	slow, fast := view(t, hub, nil), view(t, hub, nil)
	log.print(epoch, "line 0")
	take(t, slow, 1)
	take(t, fast, 1)
	for i := 1; i <= 25; i++ {
		log.print(epoch, fmt.Sprint("line ", i))
		take(t, fast, 1)
	}
	batch, err := slow.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost := uint64(15)
	if diff := cmp.Diff(&Gap{Lost: &lost}, batch.Gap); diff != "" {
		t.Errorf("gap (-want +got):\n%s", diff)
	}
	if len(batch.Lines) != 10 || batch.Lines[0].Text != "line 16" || batch.Lines[9].Text != "line 25" {
		t.Errorf("lines after the gap: %q", texts(batch.Lines))
	}
}

func TestRingIsBoundedInBytes(t *testing.T) {
	log := newFakeLog()
	hub := newHub(t, log, func(o *Options) { o.RingBytes = MaxLineBytes })
	v := view(t, hub, nil)
	log.print(epoch, "first")
	take(t, v, 1)
	log.print(epoch, strings.Repeat("a", 10000))
	take(t, v, 1)
	log.print(epoch, strings.Repeat("b", 10000))
	take(t, v, 1)
	late := view(t, hub, nil)
	if got := take(t, late, 1); len(got) != 1 || got[0].Text[0] != 'b' {
		t.Errorf("a late viewer got %d lines, want the newest only", len(got))
	}
}

func TestBrokenStreamIsResumedWithoutLossOrRepetition(t *testing.T) {
	tests := map[string][]int{
		"before the first byte":     {0, 0, 0},
		"in a time stamp":           {5},
		"in a line":                 {len("2026-01-02T03:04:05Z sa")},
		"at a line's end":           {len("2026-01-02T03:04:05Z same\n")},
		"between equal lines":       {2 * len("2026-01-02T03:04:05Z same\n")},
		"again and again":           {30, 60, 90, 120, 150},
		"in the middle of one long": {40000},
	}
	for name, breaks := range tests {
		t.Run(name, func(t *testing.T) { resume(t, errBroken, breaks) })
		// The end of a container's log and that of a connection look alike.
		t.Run(name+", as if it had ended", func(t *testing.T) { resume(t, io.EOF, breaks) })
	}
}

func resume(t *testing.T, breakWith error, breaks []int) {
	log := newFakeLog()
	log.breakWith, log.breakAfter = breakWith, breaks
	log.print(epoch, "same", "same", "same", "other", "same")
	log.print(epoch.Add(time.Millisecond), "same", "same")
	log.print(epoch.Add(2*time.Second), "later", strings.Repeat("long ", 10000))
	hub := newHub(t, log, nil)
	v := view(t, hub, nil)
	// The streams break while the container still runs.
	for log.breaksLeft() > 0 {
		runtime.Gosched()
	}
	log.change(func() { log.ended = true })
	got := drain(t, v)
	var joined []string
	for i, line := range got {
		if i > 0 && got[i-1].Partial {
			joined[len(joined)-1] += line.Text
			continue
		}
		joined = append(joined, line.Text)
	}
	want := []string{"same", "same", "same", "other", "same", "same", "same", "later", strings.Repeat("long ", 10000)}
	if diff := cmp.Diff(want, joined); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// Random breaks in a log of random, often equal lines and times: every line arrives once and in order.
func TestRandomBreaks(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		log := newFakeLog()
		at := epoch
		var want []string
		for range 300 {
			text := fmt.Sprint(random.IntN(3))
			if random.IntN(3) == 0 {
				at = at.Add(time.Duration(random.Int64N(int64(time.Second))))
			}
			log.print(at, text)
			want = append(want, text)
		}
		for range 20 {
			log.breakAfter = append(log.breakAfter, random.IntN(4000))
		}
		log.change(func() { log.ended = true })
		if diff := cmp.Diff(want, texts(drain(t, view(t, newHub(t, log, nil), nil)))); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// After a rotation the kubelet serves only the new file: what the resumed stream does not repeat is not skipped.
func TestResumeAfterTheLogWasRotated(t *testing.T) {
	log := newFakeLog()
	log.print(epoch, "one", "two", "three")
	hub := newHub(t, log, nil)
	v := view(t, hub, nil)
	take(t, v, 3)
	log.change(func() {
		log.entries = []fakeEntry{{epoch, "four\n"}, {epoch, "one\n"}}
		log.openErr = errors.New("the kubelet restarts")
		log.ended = true
	})
	log.change(func() { log.openErr = nil })
	// "one" is taken for the line seen before: the same text at the same nanosecond is the same line.
	if diff := cmp.Diff([]string{"four"}, texts(drain(t, v))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestFloodOfLinesWithinOneSecondIsNotRepeated(t *testing.T) {
	log := newFakeLog()
	const lines = maxRemembered + 500
	bytes := 0
	for i := range lines {
		text := fmt.Sprint("line ", i)
		log.print(epoch.Add(time.Duration(i)), text)
		bytes += len(epoch.Add(time.Duration(i)).Format(time.RFC3339Nano)) + 1 + len(text) + 1
	}
	log.breakAfter = []int{bytes - 100}
	log.change(func() { log.ended = true })
	hub := newHub(t, log, func(o *Options) { o.RingLines, o.RingBytes = 2*lines+2, 64<<20 })
	got := drain(t, view(t, hub, nil))
	if len(got) != lines || got[lines-1].Text != fmt.Sprint("line ", lines-1) {
		t.Errorf("%d lines, the last of them %q, want %d", len(got), got[len(got)-1].Text, lines)
	}
}

func TestLongLineIsSplitBetweenCharacters(t *testing.T) {
	log := newFakeLog()
	long := "ERROR:    " + strings.Repeat("é€😀", 9000)
	log.print(epoch, long, "next")
	log.change(func() { log.ended = true })
	got := drain(t, view(t, newHub(t, log, nil), nil))
	var joined strings.Builder
	for i, line := range got[:len(got)-1] {
		joined.WriteString(line.Text)
		if len(line.Text) > MaxLineBytes || strings.ContainsRune(line.Text, '\uFFFD') || strings.ToValidUTF8(line.Text, "") != line.Text {
			t.Errorf("part %d of %d bytes is not within the bound or not UTF-8", i, len(line.Text))
		}
		if last := i == len(got)-2; line.Partial == last || line.Ordinal != i || line.Level != loglevel.Error {
			t.Errorf("part %d: partial %v, ordinal %d, level %s", i, line.Partial, line.Ordinal, line.Level)
		}
	}
	if joined.String() != long || got[len(got)-1].Text != "next" || got[len(got)-1].Level != loglevel.Info {
		t.Errorf("the parts do not make up the line, or the next one is wrong: %+v", got[len(got)-1])
	}
}

func TestEnd(t *testing.T) {
	tests := map[string]func(*fakeLog){
		"pod ended":                       func(l *fakeLog) { l.ended = true },
		"pod was deleted":                 func(l *fakeLog) { l.gone, l.breakAfter = true, nil },
		"pod ended while stream was down": func(l *fakeLog) { l.ended = true; l.breakAfter = []int{0, 0} },
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			log := newFakeLog()
			log.breakAfter = []int{len("2026-01-02T03:04:05Z hello\n")}
			log.print(epoch, "hello")
			v := view(t, newHub(t, log, nil), nil)
			take(t, v, 1)
			log.change(func() { end(log) })
			if got := drain(t, v); len(got) != 0 {
				t.Errorf("lines after the last: %q", texts(got))
			}
		})
	}
}

func TestLastLineWithoutLineBreak(t *testing.T) {
	log := newFakeLog()
	log.print(epoch, "whole")
	log.change(func() { log.entries = append(log.entries, fakeEntry{epoch, "cut short"}); log.ended = true })
	if diff := cmp.Diff([]string{"whole", "cut short"}, texts(drain(t, view(t, newHub(t, log, nil), nil)))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestLinesThatTheContainerDidNotPrintAreSkipped(t *testing.T) {
	stream := "unable to retrieve container logs\n" + strings.Repeat("x", 3*MaxLineBytes) + "\n2026-01-02T03:04:05Z real\n2026-01-02T03:04:05Z\nfailed"
	reader := newLineReader(strings.NewReader(stream))
	var got []string
	for {
		line, err := reader.next()
		if err == nil {
			got = append(got, line.text)
		} else if errors.Is(err, io.EOF) {
			break
		} else if !errors.Is(err, errNoStamp) {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"real", ""}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestCursor(t *testing.T) {
	past := func(n int) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprint("line ", i))
		}
		return out
	}
	tests := map[string]struct {
		lines  int
		cursor Cursor
		gap    bool
		first  string
	}{
		"a line in the log":           {10, Cursor{epoch, 4}, false, "line 5"},
		"far back in a long log":      {30, Cursor{epoch, 4}, false, "line 5"},
		"of a line that is not there": {10, Cursor{epoch.Add(-time.Hour), 0}, true, "line 0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log := newFakeLog()
			log.print(epoch, past(tt.lines)...)
			parsed, err := ParseCursor(tt.cursor.String())
			if err != nil {
				t.Fatal(err)
			}
			v := view(t, newHub(t, log, func(o *Options) { o.RingLines = 40 }), &parsed)
			batch, err := v.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if (batch.Gap != nil) != tt.gap || batch.Lines[0].Text != tt.first {
				t.Errorf("gap %v, first line %q, want gap %v, %q", batch.Gap, batch.Lines[0].Text, tt.gap, tt.first)
			}
		})
	}
}

// A viewer that comes back to a log that somebody else watches, and that has moved on meanwhile.
func TestCursorThatTheRingHasLeftBehind(t *testing.T) {
	log := newFakeLog()
	hub := newHub(t, log, func(o *Options) { o.RingLines = 10 })
	watching := view(t, hub, nil)
	for i := range 30 {
		log.print(epoch, fmt.Sprint("line ", i))
		take(t, watching, 1)
	}
	batch, err := view(t, hub, &Cursor{epoch, 4}).Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Gap{}, batch.Gap); diff != "" || batch.Lines[0].Text != "line 20" {
		t.Errorf("first line %q, gap (-want +got):\n%s", batch.Lines[0].Text, diff)
	}
}

func TestParseCursorRefuses(t *testing.T) {
	for _, text := range []string{"", "1", "-", "1-", "-1", "x-1", "1-x", "1--1", "1-2-3", strings.Repeat("9", 40) + "-0"} {
		if got, err := ParseCursor(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// The stream to the API server ends with the last viewer, and a viewer can be told to stop waiting.
func TestLastViewerStopsTheFollower(t *testing.T) {
	log := newFakeLog()
	log.print(epoch, "hello")
	hub := newHub(t, log, nil)
	first, second := hub.View("pod", nil), hub.View("pod", nil)
	take(t, first, 1)
	first.Close()
	first.Close()
	ctx, cancel := context.WithCancel(t.Context())
	take(t, second, 1)
	cancel()
	if _, err := second.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if log.open != 1 {
		t.Errorf("%d streams are open with one viewer left, want 1", log.open)
	}
	second.Close()
	hub.Wait()
	if log.open != 0 || len(hub.followers) != 0 {
		t.Errorf("%d streams and %d followers are left without viewers", log.open, len(hub.followers))
	}
}

func TestFailingOpenIsTriedAgainWithGrowingPauses(t *testing.T) {
	log := newFakeLog()
	log.openErr = errors.New("container is waiting to start")
	log.print(epoch, "hello")
	var attempts []int
	hub := newHub(t, log, func(o *Options) {
		o.Backoff = func(attempt int) time.Duration {
			attempts = append(attempts, attempt)
			if attempt == 3 {
				log.change(func() { log.openErr = nil })
			}
			return time.Microsecond
		}
	})
	take(t, view(t, hub, nil), 1)
	if diff := cmp.Diff([]int{0, 1, 2, 3}, attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if DefaultBackoff(0) != 100*time.Millisecond || DefaultBackoff(1000) != 5*time.Second {
		t.Errorf("default backoff from %v to %v", DefaultBackoff(0), DefaultBackoff(1000))
	}
}
