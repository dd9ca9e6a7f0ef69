// Package podlogs follows the logs of pods and fans them out: one stream from the Kubernetes API per pod, however many
// people watch. Lines wait in a bounded ring; a viewer that falls behind is told how many it has lost, and never holds
// up the others.
package podlogs

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// ErrGone is what a Source fails with when the pod does not exist any more.
var ErrGone = errors.New("pod is gone")

// Source reads the logs of pods.
type Source interface {
	// Open follows the log of a pod: lines that begin with an RFC 3339 time, a space, and end with \n. It starts at
	// since or, when that is zero, with the last tail lines. The stream ends with io.EOF once the container has ended,
	// but possibly also before. It fails with ErrGone when there is no such pod.
	Open(ctx context.Context, pod string, since time.Time, tail int64) (io.ReadCloser, error)
	// Ended reports whether the pod prints nothing any more.
	Ended(ctx context.Context, pod string) (bool, error)
}

// Options configure a Hub.
type Options struct {
	Source Source
	// RingLines and RingBytes bound the lines held per pod. A stream begins with the last RingLines/2 lines of the log.
	// A ring grows with its log, to RingBytes for text and 72 bytes for each line. That, and 300 KiB to read it, is the
	// most that each pod takes while it is kept or viewed and has not ended.
	RingLines int
	RingBytes int
	// MaxKept bounds the pods that are kept and have not ended: each has a stream of its own. Zero keeps none.
	MaxKept int
	// RetainBytes bounds the memory of the kept logs that have ended, each trimmed to its lines. Zero retains none.
	RetainBytes int64
	// Backoff is the pause before a failed stream is resumed the attempt-th time in a row, counted from 0.
	Backoff func(attempt int) time.Duration
	Logger  *slog.Logger
}

// tail is how many lines of an existing log are read: half the ring, so that the first viewer is not behind at once.
func (o *Options) tail() int64 { return int64(o.RingLines / 2) }

// DefaultBackoff doubles from 100 ms, short enough for a pod that is about to start, to 5 s.
func DefaultBackoff(attempt int) time.Duration {
	return min(100*time.Millisecond<<min(attempt, 10), 5*time.Second)
}

// Hub follows the logs of the pods that somebody watches, and of those that are kept. It is safe for concurrent use.
type Hub struct {
	opts Options

	// mu is taken before that of a follower.
	mu        sync.Mutex
	followers map[string]*follower
	running   sync.WaitGroup
	// kept counts the kept pods that have not ended. retained holds the followers of those that have, the one that was
	// viewed last in front, and retainedBytes what they take.
	kept          int
	retained      *list.List
	retainedBytes int64
	closed        bool
}

// NewHub returns a Hub.
func NewHub(opts Options) (*Hub, error) {
	if opts.Source == nil || opts.Backoff == nil || opts.Logger == nil {
		return nil, errors.New("podlogs: Source, Backoff and Logger are needed")
	}
	if opts.RingLines < 2 || opts.RingBytes < MaxLineBytes {
		return nil, fmt.Errorf("podlogs: RingLines is %d and RingBytes %d, at least 2 and %d are needed", opts.RingLines, opts.RingBytes, MaxLineBytes)
	}
	if opts.MaxKept < 0 || opts.RetainBytes < 0 {
		return nil, fmt.Errorf("podlogs: MaxKept is %d and RetainBytes %d, neither may be negative", opts.MaxKept, opts.RetainBytes)
	}
	return &Hub{opts: opts, followers: map[string]*follower{}, retained: list.New()}, nil
}

// View begins to watch a pod's log, after a line that was seen before or, when after is nil, with the oldest line at
// hand. The pod is followed until its last viewer is closed, unless it is kept.
func (h *Hub) View(pod string, after *Cursor) *Viewer {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.followers[pod]
	if f == nil {
		f = h.follow(pod, after)
	}
	if f.retained != nil {
		h.retained.MoveToFront(f.retained)
	}
	f.viewers++
	f.mu.Lock()
	defer f.mu.Unlock()
	return &Viewer{hub: h, follower: f, next: f.ring.first, after: after}
}

// Wait blocks until no pod is followed any more: after every viewer and the hub were closed.
func (h *Hub) Wait() { h.running.Wait() }

// follow starts a follower, with the lock held.
func (h *Hub) follow(pod string, after *Cursor) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := newFollower(&h.opts, pod, cancel)
	if after != nil {
		f.memory.start = after.Time
	}
	h.followers[pod] = f
	h.running.Go(func() {
		f.run(ctx)
		h.finish(f)
	})
	return f
}

func (h *Hub) release(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.viewers--
	h.discard(f)
}

// discard stops and forgets a follower that nobody needs, with the lock held.
func (h *Hub) discard(f *follower) {
	if f.viewers > 0 || f.kept {
		return
	}
	f.stop()
	// Another one may follow a pod of that name by now.
	if h.followers[f.pod] == f {
		delete(h.followers, f.pod)
	}
}

// batchLines bounds what Next returns at once.
const batchLines = 256

// Viewer is one person's place in a log. Its methods must not be called concurrently.
type Viewer struct {
	hub      *Hub
	follower *follower
	next     uint64
	// after is set until the first line after it was found.
	after  *Cursor
	found  bool
	closed bool
}

// Batch is what a viewer gets at once.
type Batch struct {
	// Gap is set when lines before these were lost: the viewer fell behind, or was away for too long.
	Gap *Gap
	// Lines may be empty when there is a Gap.
	Lines []Line
}

// Gap tells of lost lines.
type Gap struct {
	// Lost is their number, nil when it is not known.
	Lost *uint64
}

// Next waits for lines. It fails with io.EOF after the last line of a pod that has ended, and with the error of ctx.
func (v *Viewer) Next(ctx context.Context) (Batch, error) {
	for {
		v.follower.mu.Lock()
		lines, lost := v.follower.ring.from(v.next, batchLines)
		v.next += lost + uint64(len(lines))
		ended, changed := v.follower.ended, v.follower.changed
		v.follower.mu.Unlock()

		if batch := v.batch(lines, lost); batch.Gap != nil || len(batch.Lines) > 0 {
			return batch, nil
		}
		if len(lines) > 0 {
			continue
		}
		if ended {
			return Batch{}, io.EOF
		}
		select {
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case <-changed:
		}
	}
}

// batch leaves out the lines up to the cursor. When the cursor's own line is not among them, lines after it may be
// missing too: the log was rotated, the ring has moved on, or the cursor is of an earlier pod.
func (v *Viewer) batch(lines []Line, lost uint64) Batch {
	if v.after == nil {
		if lost == 0 {
			return Batch{Lines: lines}
		}
		return Batch{Gap: &Gap{Lost: &lost}, Lines: lines}
	}
	for i, line := range lines {
		if v.after.before(line) {
			v.after = nil
			if v.found {
				return Batch{Lines: lines[i:]}
			}
			return Batch{Gap: &Gap{}, Lines: lines[i:]}
		}
		v.found = v.found || line.Cursor() == *v.after
	}
	return Batch{}
}

// Close ends the view. The last one stops following a pod that is not kept.
func (v *Viewer) Close() {
	if !v.closed {
		v.closed = true
		v.hub.release(v.follower)
	}
}
