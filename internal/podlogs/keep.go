package podlogs

import (
	"errors"
	"fmt"
)

var (
	// ErrTooManyKept: MaxKept pods are kept already. The log of this one can be viewed as long as the pod exists.
	ErrTooManyKept = errors.New("too many pods are kept")
	// ErrClosed: the hub was closed.
	ErrClosed = errors.New("the hub is closed")
)

// Keep follows a pod from now on, whether or not anybody views it, until its log ends: what it prints while it is
// stopped is taken too. Then the newest lines can be viewed, up to io.EOF, until Drop or until the kept logs that have
// ended exceed RetainBytes; those viewed the longest ago go first, and who views them later gets what the pod's log
// still has.
//
// The pod has to exist: one that is gone before it has printed anything is not kept, and Keep may be called again. It
// fails with ErrTooManyKept and ErrClosed. To keep a pod again does nothing.
func (h *Hub) Keep(pod string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	f := h.followers[pod]
	switch {
	case f != nil && f.kept:
		return nil
	case f != nil && f.ended && f.ring.held() > 0:
		// Its last viewer has not gone yet.
		f.kept = true
		h.retain(f)
		return nil
	case h.kept >= h.opts.MaxKept:
		return fmt.Errorf("podlogs: %w, at most %d", ErrTooManyKept, h.opts.MaxKept)
	case f == nil || f.ended:
		f = h.follow(pod, nil)
	}
	f.kept = true
	h.kept++
	return nil
}

// Drop ends Keep: the lines of a log that has ended are freed, and a pod that still prints is followed only as long as
// it is viewed. Viewers are not disturbed. To drop a pod that is not kept does nothing.
func (h *Hub) Drop(pod string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.followers[pod]; f != nil {
		h.drop(f)
	}
}

// Close drops every pod and refuses to keep others.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, f := range h.followers {
		h.drop(f)
	}
}

func (h *Hub) drop(f *follower) {
	switch {
	case f.retained != nil:
		h.retained.Remove(f.retained)
		h.retainedBytes -= f.size
		f.retained = nil
	case f.kept:
		h.kept--
	}
	f.kept = false
	h.discard(f)
}

// finish notes that the log of a follower has ended. A kept log is retained unless there is nothing to see of it.
func (h *Hub) finish(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	lines := f.finish()
	if !f.kept {
		return
	}
	if !lines {
		h.drop(f)
		return
	}
	h.kept--
	h.retain(f)
}

// retain holds a kept log that has ended, and drops others to stay within RetainBytes.
func (h *Hub) retain(f *follower) {
	f.size = f.ring.size()
	f.retained = h.retained.PushFront(f)
	h.retainedBytes += f.size
	for h.retainedBytes > h.opts.RetainBytes {
		h.drop(h.retained.Back().Value.(*follower))
	}
}
