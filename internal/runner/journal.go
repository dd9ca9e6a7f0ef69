package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// chunkBytes is read from the application at once: half of what a pipe holds.
	chunkBytes = 32 << 10
	// readPause is what an application that prints line after line is left alone for between two reads: a read for each of
	// them costs several times as much. The first line after a pause is read at once.
	readPause = time.Millisecond
	// chunkRoom is what the lines of one chunk may take in the ring: those of line breaks alone take three times as much.
	chunkRoom = 3*chunkBytes + 2*segmentBytes
)

// journal takes what the application prints, passes it on to the container's log and keeps it, as numbered lines, until
// a collector has stored it.
//
// The application holds nothing of it but the end of the pipe that it writes to.
type journal struct {
	out   io.Writer
	limit int
	now   func() time.Time

	// writing is held by whoever adds to the log, so that the lines come in the order that the container's log has them in.
	writing  sync.Mutex
	splitter runnerapi.LineSplitter

	mu   sync.Mutex
	ring ring
	// begun is set by begin; until then there is nothing to read. closed is set when no line follows.
	begun, closed bool
	// unbound is set when the application is not held back any more.
	unbound bool
	acked   uint64
	// seen is the last sign of life of a collector, zero for none so far.
	seen time.Time
	// changed and acks are closed, and forgotten, at the next line and the next ack. Nobody waits while they are nil.
	changed, acks chan struct{}
}

func newJournal(out io.Writer, limit int, now func() time.Time) *journal {
	return &journal{out: out, limit: limit, now: now, ring: newRing()}
}

// pipe returns the two ends of the pipe that an application prints to. Both block, as programs expect of their output; the
// reader is a thread of its own.
func pipe() (reader, writer *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "output"), os.NewFile(uintptr(fds[1]), "output"), nil
}

// take reads the application's output to its end, and holds the application back while there is no room and somebody is
// about to make some.
func (j *journal) take(output io.Reader) {
	chunk := make([]byte, chunkBytes)
	for last := (time.Time{}); ; {
		j.awaitRoom()
		n, err := output.Read(chunk)
		if n > 0 {
			j.add(chunk[:n])
		}
		if err != nil {
			return
		}
		now := j.now()
		if now.Sub(last) < readPause && n < chunkBytes/2 {
			time.Sleep(readPause)
		}
		last = now
	}
}

// say adds a line of the runner's own.
func (j *journal) say(format string, args ...any) {
	j.add(fmt.Appendf(nil, "preview: "+format+"\n", args...))
}

func (j *journal) add(chunk []byte) {
	j.writing.Lock()
	defer j.writing.Unlock()
	// Without a log the lines are still kept.
	_, _ = j.out.Write(chunk)
	nanos := j.now().UnixNano()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	j.splitter.Split(chunk, func(text []byte, partial bool) { j.ring.push(nanos, text, partial) })
	j.trim()
	wake(&j.changed)
}

// trim lets the oldest lines go that there is no room for, with the lock held.
func (j *journal) trim() {
	for j.ring.size() > j.limit {
		j.ring.dropOldest()
	}
}

// begin opens the journal to readers. Unless keep is set, what the interpreter printed before belongs to no run.
func (j *journal) begin(keep bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.begun {
		return
	}
	j.begun = true
	if !keep {
		j.ring = newRing()
	}
	wake(&j.changed)
}

// close adds a last line that had no line break. Readers come to the end.
func (j *journal) close() {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closed {
		nanos := j.now().UnixNano()
		j.splitter.Flush(func(text []byte, partial bool) { j.ring.push(nanos, text, partial) })
		j.begun, j.closed = true, true
		wake(&j.changed)
	}
}

// awaitRoom waits while the ring is full of lines that are not stored, for as long as a collector is about.
func (j *journal) awaitRoom() {
	for {
		j.mu.Lock()
		j.ring.release(j.acked)
		wait := j.seen.Add(runnerapi.CollectorPatience).Sub(j.now())
		if j.unbound || j.seen.IsZero() || wait <= 0 || j.ring.size()+chunkRoom <= j.limit {
			j.mu.Unlock()
			return
		}
		acks := waitOn(&j.acks)
		j.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-acks:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// release holds the application back no more.
func (j *journal) release() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.unbound = true
	wake(&j.acks)
}

// ack takes a collector's word that lines are stored. It refuses numbers of lines that there are not.
func (j *journal) ack(seq uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.begun || seq >= j.ring.next {
		return fmt.Errorf("seq %d has not been", seq)
	}
	j.seen = j.now()
	j.acked = max(j.acked, seq)
	j.ring.release(j.acked)
	wake(&j.acks)
	return nil
}

// awaitAck waits until the last line is stored, or ctx ends. Without a collector nobody would store it.
func (j *journal) awaitAck(ctx context.Context) {
	for {
		j.mu.Lock()
		stored := j.acked+1 >= j.ring.next || j.seen.IsZero()
		acks := waitOn(&j.acks)
		j.mu.Unlock()
		if stored {
			return
		}
		select {
		case <-acks:
		case <-ctx.Done():
			return
		}
	}
}

// follow begins a stream after a line, which is a sign of life. It refuses the numbers of lines that there are not.
func (j *journal) follow(after uint64) (*journalReader, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if after >= j.ring.next || after > 0 && !j.begun {
		return nil, fmt.Errorf("%s %d has not been", runnerapi.QueryAfter, after)
	}
	j.seen = j.now()
	return &journalReader{journal: j, place: place{next: after + 1}}, nil
}

// waitOn returns the channel that the next wake closes.
func waitOn(c *chan struct{}) <-chan struct{} {
	if *c == nil {
		*c = make(chan struct{})
	}
	return *c
}

func wake(c *chan struct{}) {
	if *c != nil {
		close(*c)
		*c = nil
	}
}
