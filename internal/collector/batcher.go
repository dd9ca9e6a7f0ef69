package collector

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/store"
)

const (
	// batchAfter and batchLines bound the transactions: lines are stored when the oldest has waited so long or when there are
	// so many. Each transaction waits for the disk, which the cluster's own store needs as well: the first lines of an
	// application would otherwise hold up the launch that they are part of.
	batchAfter = 50 * time.Millisecond
	batchLines = 1000
	// maxQueueBytes is what a run may have waiting before its journal is not read on, lineCost what a line counts beside
	// its text.
	maxQueueBytes = 512 << 10
	lineCost      = 128
	// maxSystemSeq bounds the numbers of system lines: one bit each.
	maxSystemSeq = 62
	// holdSystem is how long such a line waits for what the application has printed before it, which takes a moment to come.
	holdSystem = 100 * time.Millisecond
	maxRetry   = 2 * time.Second
)

// queue holds the lines of one run that wait to be stored. The batcher's lock guards it, but for told.
type queue struct {
	lines []store.LogLine
	bytes int
	// held are system lines that are not among lines yet, and lastAt is the latest time of a line that is or was.
	held   []store.LogLine
	lastAt time.Time
	// holding ends the wait of those that are held.
	holding *time.Timer
	// listed is set while the batcher's list has the queue.
	listed bool
	// failures in a row, and when the next attempt is due.
	failures int
	retryAt  time.Time
	// stored is the highest number of a line of the application that is stored, and storedBytes the text stored so far.
	stored, storedBytes int64
	// changed is closed, and forgotten, when lines were stored.
	changed chan struct{}
	// told has a bit for each system line that was queued; the lock of the collector guards it.
	told uint64
}

func newQueue() *queue { return &queue{} }

// batcher stores the lines of all runs.
type batcher struct {
	store  Store
	logger *slog.Logger
	now    func() time.Time
	retry  time.Duration
	// holding is holdSystem; tests have more.
	holding time.Duration

	mu     sync.Mutex
	queues []*queue
	count  int
	// due has an element while there are lines, full when they should not wait for more.
	due, full chan struct{}
}

func newBatcher(options Options) *batcher {
	return &batcher{
		store: options.Store, logger: options.Logger, now: options.Now, retry: options.RetryMin, holding: holdSystem,
		due: make(chan struct{}, 1), full: make(chan struct{}, 1),
	}
}

// submit adds lines once the run has room for them.
func (b *batcher) submit(ctx context.Context, q *queue, lines []store.LogLine) error {
	for {
		b.mu.Lock()
		if q.bytes < maxQueueBytes {
			b.mu.Unlock()
			b.add(q, lines)
			return nil
		}
		changed := b.wait(q)
		b.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wait returns the channel that is closed when lines of the queue were stored, with the lock held.
func (b *batcher) wait(q *queue) <-chan struct{} {
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	return q.changed
}

// begin says how far the lines of a queue were stored before.
func (b *batcher) begin(q *queue, stored int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q.stored = max(q.stored, stored)
}

// progress returns how far a queue is stored, and when that changes.
func (b *batcher) progress(q *queue) (stored, bytes int64, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return q.stored, q.storedBytes, b.wait(q)
}

// drained waits until nothing of a queue waits to be stored.
func (b *batcher) drained(ctx context.Context, q *queue) error {
	for {
		b.mu.Lock()
		empty, changed := q.bytes == 0 && len(q.held) == 0, b.wait(q)
		b.mu.Unlock()
		if empty {
			return nil
		}
		// Somebody waits: do not wait for more.
		signal(b.full)
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *batcher) add(q *queue, lines []store.LogLine) {
	if len(lines) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(q.held) > 0 {
		// What is printed comes in its order: nothing that belongs before the held line comes after a later one.
		n := slices.IndexFunc(lines, func(line store.LogLine) bool { return line.At.After(q.held[0].At) })
		if n < 0 {
			break
		}
		b.push(q, lines[:n])
		lines = lines[n:]
		b.letGo(q)
	}
	b.push(q, lines)
}

// push adds lines, with the lock held.
func (b *batcher) push(q *queue, lines []store.LogLine) {
	if len(lines) == 0 {
		return
	}
	q.lines = append(q.lines, lines...)
	for i := range lines {
		q.bytes += len(lines[i].Message) + lineCost
		if lines[i].At.After(q.lastAt) {
			q.lastAt = lines[i].At
		}
	}
	b.count += len(lines)
	b.list(q)
}

// hold adds system lines after holdSystem, before a line that was printed later, or when release is called.
func (b *batcher) hold(q *queue, lines []store.LogLine) {
	if len(lines) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(q.held) == 0 {
		q.holding = time.AfterFunc(b.holding, func() { b.release(q) })
	}
	q.held = append(q.held, lines...)
}

// release adds the lines that are held.
func (b *batcher) release(q *queue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(q.held) > 0 {
		b.letGo(q)
	}
}

// letGo adds the first line that is held, with the lock held. Some times are from statuses, which have whole seconds: in the
// second of the line before it, it is as late as that.
func (b *batcher) letGo(q *queue) {
	line := q.held[0]
	if line.At.Before(q.lastAt) && line.At.Truncate(time.Second).Equal(q.lastAt.Truncate(time.Second)) {
		line.At = q.lastAt
	}
	b.push(q, []store.LogLine{line})
	if q.held = q.held[1:]; len(q.held) == 0 {
		q.held = nil
		q.holding.Stop()
	}
}

// list puts a queue where run finds it, with the lock held.
func (b *batcher) list(q *queue) {
	if !q.listed {
		q.listed = true
		b.queues = append(b.queues, q)
	}
	signal(b.due)
	if b.count >= batchLines {
		signal(b.full)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run stores lines until ctx ends.
func (b *batcher) run(ctx context.Context) {
	for gather(ctx, b.due, b.full, batchAfter) {
		for b.flush(ctx) {
		}
	}
}

// gather waits until something is due, and then for what comes after it: for a pause, or until there is no more time for
// that. It reports false once ctx has ended.
func gather(ctx context.Context, due, hurry <-chan struct{}, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-due:
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-hurry:
	}
	return true
}

// part is what a batch has of one queue.
type part struct {
	queue *queue
	lines []store.LogLine
}

// flush stores a batch, and reports whether there are lines for a whole one more.
func (b *batcher) flush(ctx context.Context) (more bool) {
	parts, more := b.take()
	if len(parts) == 0 {
		return false
	}
	var all []store.LogLine
	for _, p := range parts {
		all = append(all, p.lines...)
	}
	_, err := b.store.AppendLogs(ctx, all)
	for _, p := range parts {
		single := err
		if err != nil && len(parts) > 1 {
			// What is wrong with one run must not keep back the others.
			_, single = b.store.AppendLogs(ctx, p.lines)
		}
		b.settle(ctx, p, single)
	}
	return more
}

// take chooses the lines of a batch, a fair part of each run; they stay in their queues until they are stored.
func (b *batcher) take() (parts []part, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	ready := make([]*queue, 0, len(b.queues))
	for _, q := range b.queues {
		if len(q.lines) > 0 && !now.Before(q.retryAt) {
			ready = append(ready, q)
		}
	}
	left, lines := batchLines, 0
	for i, q := range ready {
		// What those before have not used is shared by the rest.
		n := min(len(q.lines), max(left/(len(ready)-i), 1))
		if n > left {
			break
		}
		left -= n
		lines += len(q.lines)
		parts = append(parts, part{queue: q, lines: q.lines[:n:n]})
	}
	if len(b.queues) > 1 {
		// Another one is the first next time.
		b.queues = append(b.queues[1:], b.queues[0])
	}
	return parts, lines-(batchLines-left) >= batchLines
}

// settle takes stored lines out of their queue, or has them tried again.
func (b *batcher) settle(ctx context.Context, p part, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := p.queue
	if err != nil {
		pause := min(b.retry<<min(q.failures, 10), maxRetry)
		q.failures++
		q.retryAt = b.now().Add(pause)
		if ctx.Err() == nil {
			b.logger.Warn("storing lines failed, trying again", "run", p.lines[0].RunUID, "lines", len(p.lines), "attempt", q.failures, "error", err)
			time.AfterFunc(pause, func() { signal(b.due) })
		}
		return
	}
	q.failures, q.retryAt = 0, time.Time{}
	for i := range p.lines {
		line := &p.lines[i]
		q.bytes -= len(line.Message) + lineCost
		q.storedBytes += int64(len(line.Message))
		if line.Source == store.SourceSubprocess {
			q.stored = max(q.stored, line.Seq)
		}
	}
	b.count -= len(p.lines)
	if q.lines = q.lines[len(p.lines):]; len(q.lines) == 0 {
		q.lines, q.listed = nil, false
		for i, listed := range b.queues {
			if listed == q {
				b.queues = append(b.queues[:i], b.queues[i+1:]...)
				break
			}
		}
	} else {
		signal(b.due)
	}
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}
