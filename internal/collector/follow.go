package collector

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/loglevel"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	// knownLines is how many of the last lines are remembered, to find the place in the container's log that follows them,
	// and knownBytes how much text, so that long lines of many runs do not fill the manager's memory; up to twice that is.
	knownLines = 64
	knownBytes = 64 << 10
	// ackBytes of text, or ackAfter, are what a runner is left in the dark about: an ack costs it a request.
	ackBytes = 128 << 10
	ackAfter = 500 * time.Millisecond
)

// follower collects the log of one run. But for what its collector guards, it belongs to one goroutine.
type follower struct {
	collector *Collector
	run       Run
	queue     *queue
	done      chan struct{}

	// The lock of the collector guards these: attached while the journal is read, heldSince when Hold was asked first.
	attached  bool
	heldSince time.Time

	// last is the number of the last line that was read.
	last       int64
	classifier loglevel.Classifier
	// first is line 1, nil while it is not known, and known are the last lines that were read, with knownSize bytes of text.
	first     *entry
	known     []entry
	knownSize int
	// missing lines were found to be lost, from missingFrom on, which is zero when none were; uncertain is set when there may
	// be more.
	missing     int64
	uncertain   bool
	missingFrom time.Time
}

// entry is a line as it is compared.
type entry struct {
	at      time.Time
	text    string
	partial bool
}

func (f *follower) isDone() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// follow reads the journal until it ends, over however many connections, and without it what the pod has left.
func (f *follower) follow(ctx context.Context) {
	complete, ok := f.resume(ctx)
	if complete || !ok {
		return
	}
	for attempt := 0; ; attempt++ {
		before := f.last
		err := f.stream(ctx)
		if err == nil {
			f.finish(ctx)
			return
		}
		if ctx.Err() != nil {
			return
		}
		if f.last > before {
			attempt = 0
		}
		state, stateErr := f.collector.options.Pods.State(ctx, f.run)
		f.collector.options.Logger.Debug("reading a journal failed", "run", f.run.UID, "pod", f.run.Target.PodName, "error", err, "stateError", stateErr)
		if stateErr == nil && state != PodActive && f.leave(ctx, state) {
			f.finish(ctx)
			return
		}
		if !f.pause(ctx, attempt) {
			return
		}
	}
}

// pause reports whether ctx lived through the pause before another attempt.
func (f *follower) pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(min(f.collector.options.RetryMin<<min(attempt, 10), maxRetry))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// again calls a function until it does not fail. It reports whether ctx lived that long.
func (f *follower) again(ctx context.Context, what string, call func() error) bool {
	for attempt := 0; ; attempt++ {
		err := call()
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			f.collector.options.Logger.Warn(what+" failed, trying again", "run", f.run.UID, "attempt", attempt, "error", err)
		}
		if !f.pause(ctx, attempt) {
			return false
		}
	}
}

// resume finds out how far the store is, and whether that is all.
func (f *follower) resume(ctx context.Context) (complete, ok bool) {
	lines := f.collector.options.Store
	ok = f.again(ctx, "reading how far a log is stored", func() error {
		record, err := lines.Run(ctx, f.run.UID)
		recorded := err == nil
		if err != nil && !errors.Is(err, store.ErrRunNotFound) {
			return err
		}
		if f.last, err = lines.LastSeq(ctx, f.run.UID, store.SourceSubprocess); err != nil {
			return err
		}
		tail, _, err := lines.Logs(ctx, store.LogQuery{RunUID: f.run.UID, Source: store.SourceSubprocess, Limit: knownLines, Tail: true})
		if err != nil {
			return err
		}
		head, _, err := lines.Logs(ctx, store.LogQuery{RunUID: f.run.UID, Source: store.SourceSubprocess, Limit: 1})
		if err != nil {
			return err
		}
		if len(head) == 1 && head[0].Seq == 1 {
			f.first = &entry{head[0].At, head[0].Message, head[0].Partial}
		}
		f.known, f.knownSize, f.classifier = nil, 0, loglevel.Classifier{}
		for _, line := range tail {
			// A traceback may have begun in them.
			f.classifier.Level(line.Message, line.Partial)
			f.know(entry{line.At, line.Message, line.Partial})
		}
		f.missing, f.uncertain, f.missingFrom = 0, false, time.Time{}
		if recorded {
			complete = record.Log.Complete
			f.recall(record.Log)
		}
		return nil
	})
	f.collector.batcher.begin(f.queue, f.last)
	return complete, ok
}

// recall is what is known to be missing: numbers that were left out count, whether or not that could be recorded.
func (f *follower) recall(log store.RunLog) {
	f.missing = max(f.last-log.Lines, 0)
	if log.MissingFrom != nil {
		f.missingFrom, f.uncertain = *log.MissingFrom, log.LinesMissing == nil
	} else if f.missing > 0 {
		f.missingFrom = f.run.Since
	}
}

// know remembers a line.
func (f *follower) know(e entry) {
	f.known = append(f.known, e)
	f.knownSize += len(e.text)
	if len(f.known) < 2*knownLines && f.knownSize < 2*knownBytes {
		return
	}
	drop := 0
	for len(f.known)-drop > knownLines || f.knownSize > knownBytes && len(f.known)-drop > 1 {
		f.knownSize -= len(f.known[drop].text)
		drop++
	}
	f.known = slices.Delete(f.known, 0, drop)
}

// stream reads the journal once, from the last line on. Without an error it was read to its end, and is stored.
func (f *follower) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	journal, err := f.collector.options.Journals.OpenJournal(ctx, f.run.Target, uint64(f.last))
	if err != nil {
		return err
	}
	defer journal.Close()
	f.collector.setAttached(f, true)
	defer f.collector.setAttached(f, false)
	alive := make(chan struct{}, 1)
	var acks sync.WaitGroup
	acks.Go(func() { f.acknowledge(ctx, journal, alive) })
	defer acks.Wait()
	defer cancel()
	for {
		frames, err := journal.Next()
		if err != nil {
			return err
		}
		ended, err := f.take(ctx, journal, frames, alive)
		if err != nil {
			return err
		}
		if ended {
			if err := f.collector.batcher.drained(ctx, f.queue); err != nil {
				return err
			}
			// The runner waits for this one. If it is lost, the runner gives up waiting.
			_ = journal.Ack(ctx, uint64(f.last))
			return nil
		}
	}
}

// take has the lines of frames stored.
func (f *follower) take(ctx context.Context, journal *handover.Journal, frames []runnerapi.Frame, alive chan struct{}) (ended bool, err error) {
	for len(frames) > 0 {
		n := 0
		for n < len(frames) && frames[n].Seq != 0 {
			n++
		}
		if n > 0 {
			if err := f.submit(ctx, f.entries(frames[:n])); err != nil {
				return false, err
			}
			frames = frames[n:]
			continue
		}
		switch first := frames[0]; {
		case first.End:
			return true, nil
		case first.Gap != nil:
			// What comes after the gap helps to find its place.
			for len(frames) == 1 {
				more, err := journal.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return false, err
				}
				frames = append(frames, more...)
			}
			if err := f.fill(ctx, int64(first.Gap.To), f.entries(frames[1:])); err != nil {
				return false, err
			}
		default:
			signal(alive)
		}
		frames = frames[1:]
	}
	return false, nil
}

// entries are the lines at the beginning of frames.
func (f *follower) entries(frames []runnerapi.Frame) []entry {
	out := make([]entry, 0, len(frames))
	now := f.collector.options.Now()
	for _, frame := range frames {
		if frame.Seq == 0 {
			break
		}
		at := time.Unix(0, frame.Time)
		// The runner's word, which may be anything.
		if at.Before(f.run.Since) {
			at = f.run.Since
		}
		if at.After(now) {
			at = now
		}
		out = append(out, entry{at.UTC(), frame.Text, frame.Partial})
	}
	return out
}

// submit numbers lines on and has them stored.
func (f *follower) submit(ctx context.Context, entries []entry) error {
	const most = 512
	for len(entries) > 0 {
		n := min(len(entries), most)
		lines := make([]store.LogLine, 0, n)
		for _, e := range entries[:n] {
			f.last++
			if f.know(e); f.last == 1 {
				f.first = &e
			}
			lines = append(lines, store.LogLine{
				RunUID: f.run.UID, Source: store.SourceSubprocess, Seq: f.last, At: e.at,
				Level: string(f.classifier.Level(e.text, e.partial)), Message: e.text, Partial: e.partial,
			})
		}
		if err := f.collector.batcher.submit(ctx, f.queue, lines); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// acknowledge tells the runner how far its lines are stored: soon when it is much, after a while when it is little, and
// whenever a heartbeat asks whether somebody is there.
func (f *follower) acknowledge(ctx context.Context, journal *handover.Journal, alive <-chan struct{}) {
	timer := time.NewTimer(ackAfter)
	defer timer.Stop()
	// What an earlier stream may have left unsaid is said again.
	acked, ackedBytes := int64(0), int64(0)
	for {
		stored, bytes, changed := f.collector.batcher.progress(f.queue)
		due := bytes-ackedBytes >= ackBytes
		for !due {
			select {
			case <-ctx.Done():
				return
			case <-alive:
				due = true
				continue
			case <-timer.C:
				timer.Reset(ackAfter)
				due = stored > acked
				continue
			case <-changed:
			}
			break
		}
		if !due {
			continue
		}
		if journal.Ack(ctx, uint64(stored)) == nil {
			acked, ackedBytes = stored, bytes
		} else if !f.pause(ctx, 1) {
			return
		}
	}
}

// finish records that the log is complete, or what of it is missing.
func (f *follower) finish(ctx context.Context) {
	if f.collector.batcher.drained(ctx, f.queue) != nil {
		return
	}
	f.again(ctx, "recording that a log is complete", func() error {
		return f.collector.options.Store.PutLogState(ctx, f.run.UID, f.state(true))
	})
}

func (f *follower) state(complete bool) store.LogState {
	state := store.LogState{Complete: complete}
	if !f.missingFrom.IsZero() {
		state.MissingFrom = &f.missingFrom
		if !f.uncertain {
			state.LinesMissing = &f.missing
		}
	}
	return state
}

// lose records that lines were lost: so many after the last one, or an unknown number for -1.
func (f *follower) lose(ctx context.Context, lines int64) {
	if f.missingFrom.IsZero() {
		f.missingFrom = f.run.Since
		if n := len(f.known); n > 0 {
			f.missingFrom = f.known[n-1].at
		}
	}
	if lines < 0 {
		f.uncertain = true
	} else {
		f.missing += lines
	}
	f.collector.options.Logger.Warn("lines of a log are lost", "run", f.run.UID, "pod", f.run.Target.PodName, "after", f.last, "lines", lines)
	if err := f.collector.options.Store.PutLogState(ctx, f.run.UID, f.state(false)); err != nil && ctx.Err() == nil {
		// It is recorded again at the end, from the numbers.
		f.collector.options.Logger.Warn("recording lost lines failed", "run", f.run.UID, "error", err)
	}
}
