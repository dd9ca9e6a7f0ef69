package collector

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// maxLogBytes and maxLogLines bound what is read of the log of a container; kubelets rotate it at 10 MiB. Of a longer
	// one the last lines count.
	maxLogBytes = 32 << 20
	maxLogLines = 400_000
	// maxStream bounds what is read in all, however long a line is.
	maxStream  = 128 << 20
	logTimeout = time.Minute
	// clockSlack is how much later a container runtime may read a line than the runner.
	clockSlack = 2 * time.Second
)

func (f *follower) place() place { return place{f.first, f.known, f.last} }

// leave reads what the journal of a runner that has ended did not give. It reports whether there is no more to try.
func (f *follower) leave(ctx context.Context, state PodState) bool {
	if state == PodGone {
		f.lose(ctx, -1)
		return true
	}
	log, err := f.containerLog(ctx)
	if err != nil {
		f.collector.options.Logger.Info("reading the log of a container failed, trying again", "run", f.run.UID, "pod", f.run.Target.PodName, "error", err)
		return false
	}
	at, found := f.place().in(log)
	if !found {
		f.lose(ctx, -1)
	}
	return f.submit(ctx, log[at:]) == nil
}

// fill stores the lines up to number to, which the journal does not hold any more, as far as the log of the container has
// them. next are lines that come after them.
func (f *follower) fill(ctx context.Context, to int64, next []entry) error {
	log, err := f.containerLog(ctx)
	if err != nil {
		if state, stateErr := f.collector.options.Pods.State(ctx, f.run); stateErr != nil || state != PodGone {
			// The stream begins anew, and with it the gap.
			return fmt.Errorf("reading the log of the container: %w", err)
		}
	}
	from, until := f.place().gapIn(log, next, to)
	// Those at its beginning are lost when the log was rotated.
	if lost := to - f.last - int64(until-from); lost > 0 {
		f.lose(ctx, lost)
		f.last += lost
	}
	return f.submit(ctx, log[from:until])
}

// place is what is known of a log up to some line: its first line, if that is known, its last lines, and the number of
// the last one.
type place struct {
	first *entry
	known []entry
	last  int64
}

// gapIn finds the lines between a place and those that come next, at most as many as their numbers say.
func (p place) gapIn(log, next []entry, to int64) (from, until int) {
	wanted := to - p.last
	if at, found := p.in(log); found && (p.last > 0 || len(next) == 0) {
		if until := int64(at) + wanted; until <= int64(len(log)) && matches(log[until:], next) {
			return at, int(until)
		}
	}
	if len(next) == 0 {
		return 0, 0
	}
	// Counted back from what comes next.
	best, candidates := -1, 0
	for at := range log {
		if matches(log[at:], next) {
			candidates++
			if best < 0 || nearer(log[at].at, log[best].at, next[0].at) {
				best = at
			}
		}
	}
	if best < 0 || candidates > 1 && !near(log[best].at, next[0].at) {
		return 0, 0
	}
	return int(max(int64(best)-wanted, 0)), best
}

// matches reports whether log begins with lines, as far as it goes.
func matches(log, lines []entry) bool {
	if len(log) == 0 && len(lines) > 0 {
		return false
	}
	for i := range min(len(log), len(lines)) {
		if !same(log[i], lines[i]) {
			return false
		}
	}
	return true
}

func same(a, b entry) bool { return a.text == b.text && a.partial == b.partial }

// nearer reports whether a is nearer to at than b is.
func nearer(a, b, at time.Time) bool { return a.Sub(at).Abs() < b.Sub(at).Abs() }

// near reports whether two times may be those of one line: when the runner and when the container runtime read it.
func near(a, b time.Time) bool { return a.Sub(b).Abs() <= clockSlack }

// in finds where a log goes on after the place. The log may have lost its beginning. Where equal lines leave several
// answers, that counts which the number gives, if the log is whole, and otherwise the nearest in time.
func (p place) in(log []entry) (at int, found bool) {
	if len(p.known) == 0 {
		return 0, p.last == 0
	}
	known := p.known[max(len(p.known)-knownLines, 0):]
	whole := p.first != nil && len(log) > 0 && same(log[0], *p.first) && near(log[0].at, p.first.at)
	if whole && p.last <= int64(len(log)) && follows(log, known, int(p.last)) {
		return int(p.last), true
	}
	end := known[len(known)-1].at
	best, candidates := 0, 0
	for at := 1; at <= len(log); at++ {
		if follows(log, known, at) {
			candidates++
			if best == 0 || !nearer(log[best-1].at, log[at-1].at, end) {
				best = at
			}
		}
	}
	// Few lines may look alike by chance.
	certain := candidates == 1 && best >= len(known)
	if best == 0 || !certain && !near(log[best-1].at, end) {
		return 0, false
	}
	return best, true
}

// follows reports whether the known lines are in the log right before a place.
func follows(log, known []entry, at int) bool {
	n := min(at, len(known))
	for i := 1; i <= n; i++ {
		if !same(log[at-i], known[len(known)-i]) {
			return false
		}
	}
	return n > 0
}

// containerLog reads the log of the container, cut into the lines that the journal would have.
func (f *follower) containerLog(ctx context.Context) ([]entry, error) {
	select {
	case f.collector.reading <- struct{}{}:
		defer func() { <-f.collector.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	stream, err := f.collector.options.Pods.Log(ctx, f.run)
	if err != nil {
		return nil, err
	}
	entries, err := readLog(stream)
	return entries, errors.Join(err, stream.Close())
}

func readLog(stream io.Reader) ([]entry, error) {
	in := bufio.NewReaderSize(io.LimitReader(stream, maxStream), 64<<10)
	var entries []entry
	size := 0
	for {
		line, err := readLine(in)
		if len(line.text) > 0 || !line.at.IsZero() {
			var splitter runnerapi.LineSplitter
			emit := func(text []byte, partial bool) {
				entries = append(entries, entry{line.at, runnerapi.CleanText(string(text)), partial})
				size += len(text)
			}
			splitter.Split(line.text, emit)
			splitter.Flush(emit)
		}
		for size > maxLogBytes || len(entries) > maxLogLines {
			// A tenth at a time: to drop single ones would move the rest each time.
			n := len(entries)/10 + 1
			for _, e := range entries[:n] {
				size -= len(e.text)
			}
			entries = slices.Delete(entries, 0, n)
		}
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

type stampedLine struct {
	at   time.Time
	text []byte
}

// readLine reads a line with its line break. Lines without a time are the kubelet's own, and empty.
func readLine(in *bufio.Reader) (stampedLine, error) {
	data, err := in.ReadBytes('\n')
	stamp, text, found := bytes.Cut(data, []byte(" "))
	at, stampErr := time.Parse(time.RFC3339Nano, string(stamp[:min(len(stamp), len(time.RFC3339Nano))]))
	if !found || stampErr != nil {
		return stampedLine{}, err
	}
	return stampedLine{at.UTC(), text}, err
}
