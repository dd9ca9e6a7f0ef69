package podlogs

import (
	"container/list"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/loglevel"
)

// follower reads the log of one pod for all of its viewers.
type follower struct {
	opts *Options
	pod  string
	stop context.CancelFunc

	// The hub guards these. kept: the pod is followed, and its ended log held, without viewers too. retained is the
	// place of a kept log that has ended among the others, and size what it counts there.
	viewers  int
	kept     bool
	retained *list.Element
	size     int64

	mu   sync.Mutex
	ring *ring
	// ended is written under the lock of the hub, too.
	ended   bool
	changed chan struct{}

	// The rest belongs to the goroutine that reads.
	memory     *memory
	classifier loglevel.Classifier
	last       Line
	// unfinished is the last line when the stream ended within it, until it is read again.
	unfinished *stamped
}

func newFollower(opts *Options, pod string, stop context.CancelFunc) *follower {
	return &follower{
		opts: opts, pod: pod, stop: stop,
		ring: newRing(opts.RingLines, opts.RingBytes), changed: make(chan struct{}), memory: newMemory(),
	}
}

// run reads until the pod has ended or ctx is done. A stream that ends while the pod runs is resumed.
func (f *follower) run(ctx context.Context) {
	podEnded := false
	for attempt := 0; ctx.Err() == nil; attempt++ {
		lines, err := f.read(ctx, podEnded)
		switch {
		case errors.Is(err, ErrGone):
			if f.unfinished != nil {
				f.add(*f.unfinished)
			}
			return
		case podEnded && err == nil:
			return
		case lines > 0:
			attempt = 0
		}
		if err != nil && ctx.Err() == nil {
			f.opts.Logger.Info("reading a pod log failed, trying again", "pod", f.pod, "attempt", attempt, "error", err)
		}
		// What is read after the pod has ended is all there is, so one more read follows.
		if podEnded = f.hasEnded(ctx); podEnded && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(f.opts.Backoff(attempt)):
		}
	}
}

func (f *follower) hasEnded(ctx context.Context) bool {
	ended, err := f.opts.Source.Ended(ctx, f.pod)
	if err != nil && ctx.Err() == nil {
		f.opts.Logger.Info("reading the state of a pod failed", "pod", f.pod, "error", err)
	}
	return err == nil && ended
}

// read follows the log once and returns how many new lines it brought. A last line without line break counts only
// once the pod has ended; before, the stream broke within it and it comes again, unless the pod is gone by then.
func (f *follower) read(ctx context.Context, podEnded bool) (lines int, err error) {
	replay := f.memory.replay()
	stream, err := f.opts.Source.Open(ctx, f.pod, f.memory.resumeAt(), f.opts.tail())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	f.unfinished = nil
	reader := newLineReader(stream)
	for {
		line, err := reader.next()
		if errors.Is(err, errNoStamp) {
			f.opts.Logger.Debug("skipping a line that the container did not print", "pod", f.pod, "error", err)
			continue
		}
		complete := err == nil || podEnded && errors.Is(err, io.EOF) && !line.time.IsZero()
		if complete && !replay.repeats(line) {
			f.add(line)
			lines++
		}
		if errors.Is(err, io.EOF) {
			if !complete && line.text != "" && replay.over() {
				f.unfinished = &line
			}
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}

func (f *follower) add(s stamped) {
	f.memory.remember(s)
	line := Line{Time: s.time, Level: f.classifier.Level(s.text, s.partial), Text: s.text, Partial: s.partial}
	if s.time.Equal(f.last.Time) {
		line.Ordinal = f.last.Ordinal + 1
	}
	f.last = line
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ring.push(line)
	f.wake()
}

// finish tells the viewers that nothing is to come, and lets go of the memory that only a log that grows needs. It
// reports whether there is anything to see.
func (f *follower) finish() (lines bool) {
	f.memory, f.unfinished = nil, nil
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ring.resize(f.ring.held())
	f.ended = true
	f.wake()
	return f.ring.held() > 0
}

// wake lets every waiting viewer look again.
func (f *follower) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}
