// Package collector brings what applications print into the store, each line once: it follows the journal of every
// runner (internal/runnerapi), stores the lines of all of them together, and acknowledges only what is stored. Numbers
// make that safe to repeat, so that it goes on after any restart where the store says that it was.
//
// What a journal does not hold any more is looked for in the log of the container, and what is not there either is
// recorded as missing. Everything that runners say is bounded, untrusted input.
package collector

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/loglevel"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	// holdPatience is how long the deletion of a pod is held up for its log.
	holdPatience = 5 * time.Second
	// maxDone bounds the runs that are remembered to have been read to the end.
	maxDone = 4096
	// concurrentLogs bounds the container logs that are in memory at once.
	concurrentLogs = 2
)

// Store is what the collector needs of internal/store.
type Store interface {
	AppendLogs(ctx context.Context, lines []store.LogLine) (added int, err error)
	PutLogState(ctx context.Context, runUID string, state store.LogState) error
	LastSeq(ctx context.Context, runUID string, source store.Source) (int64, error)
	Logs(ctx context.Context, query store.LogQuery) (lines []store.LogLine, next int64, err error)
	Run(ctx context.Context, uid string) (store.Run, error)
	PutRun(ctx context.Context, run store.Run) (written bool, err error)
}

// PodState is what Kubernetes knows of a pod.
type PodState int

// The states of a pod.
const (
	// PodActive: its application may print something.
	PodActive PodState = iota
	// PodEnded: its container has ended, and its log can be read.
	PodEnded
	// PodGone: there is no such pod any more.
	PodGone
)

// Pods is what the collector needs of Kubernetes.
type Pods interface {
	State(ctx context.Context, run Run) (PodState, error)
	// Log opens what there is of the log of the container: lines that begin with an RFC 3339 time and a space.
	Log(ctx context.Context, run Run) (io.ReadCloser, error)
}

// Journals opens journals: a handover.Client.
type Journals interface {
	OpenJournal(ctx context.Context, target handover.Target, after uint64) (*handover.Journal, error)
}

// Run is a run whose log is collected.
type Run struct {
	// UID is the store.RunUID.
	UID       string
	Namespace string
	// Target is the runner of the pod that runs it.
	Target handover.Target
	// Since is when the pod was made: nothing it prints is older.
	Since time.Time
}

// SystemLine says what the manager did. It is stored once for each Seq of a run.
type SystemLine struct {
	Seq     int64
	At      time.Time
	Level   loglevel.Level
	Message string
}

// Options of a Collector; all but Now and RetryMin are required.
type Options struct {
	Store    Store
	Pods     Pods
	Journals Journals
	Logger   *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// RetryMin is the first pause after something failed, which doubles to 2 s; 20 ms when 0.
	RetryMin time.Duration
}

// Collector follows the journals of all runs. It is safe for concurrent use.
type Collector struct {
	options  Options
	batcher  *batcher
	recorder *recorder
	// reading bounds the container logs that are held.
	reading chan struct{}

	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	followers map[string]*follower
	queues    map[string]*queue
	closed    bool
}

// New returns a Collector that stores lines until Close.
func New(options Options) (*Collector, error) {
	if options.Store == nil || options.Pods == nil || options.Journals == nil || options.Logger == nil {
		return nil, errors.New("collector: Store, Pods, Journals and Logger are needed")
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.RetryMin == 0 {
		options.RetryMin = 20 * time.Millisecond
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Collector{
		options: options, batcher: newBatcher(options), recorder: newRecorder(options), reading: make(chan struct{}, concurrentLogs), ctx: ctx, stop: stop,
		followers: map[string]*follower{}, queues: map[string]*queue{},
	}
	c.running.Go(func() { c.batcher.run(ctx) })
	c.running.Go(func() { c.recorder.run(ctx) })
	return c, nil
}

// Close stops at once. What is not stored then is collected by the next one.
func (c *Collector) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.running.Wait()
}

// Follow collects the log of a run, from where the store has it to its end. Once it does, calling it again does nothing.
func (c *Collector) Follow(run Run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.followers[run.UID] != nil {
		return
	}
	f := &follower{collector: c, run: run, queue: c.queue(run.UID), done: make(chan struct{})}
	c.followers[run.UID] = f
	c.running.Go(func() {
		defer close(f.done)
		f.follow(c.ctx)
		// Of a run that is done it is remembered that it is done, not its lines.
		f.first, f.known = nil, nil
	})
}

// queue returns the lines of a run that wait to be stored, with the lock held.
func (c *Collector) queue(runUID string) *queue {
	q := c.queues[runUID]
	if q == nil {
		c.forgetSome()
		q = newQueue()
		c.queues[runUID] = q
	}
	return q
}

// forgetSome makes room among the runs that are done, with the lock held. What they have waiting is stored all the same.
func (c *Collector) forgetSome() {
	for uid, f := range c.followers {
		if len(c.followers) < maxDone {
			return
		}
		if f.isDone() {
			delete(c.followers, uid)
			delete(c.queues, uid)
		}
	}
	for uid := range c.queues {
		if len(c.queues) < maxDone {
			return
		}
		if c.followers[uid] == nil {
			delete(c.queues, uid)
		}
	}
}

// Hold is how long at most the pod of a run should not be deleted yet, because its log could not be read then: the journal
// is not being read, and has not been read to its end. It is 0 after 5 s in any case, and for runs that are not followed.
func (c *Collector) Hold(runUID string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.followers[runUID]
	if f == nil || f.isDone() || f.attached {
		return 0
	}
	now := c.options.Now()
	if f.heldSince.IsZero() {
		f.heldSince = now
	}
	return max(f.heldSince.Add(holdPatience).Sub(now), 0)
}

// System stores lines of the manager's own. Those that were stored before, by this manager or another, are left alone. It
// does not wait.
func (c *Collector) System(runUID string, lines ...SystemLine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	q := c.queue(runUID)
	var news []store.LogLine
	for _, line := range lines {
		if line.Seq < 1 || line.Seq > maxSystemSeq || q.told&(1<<line.Seq) != 0 {
			continue
		}
		q.told |= 1 << line.Seq
		news = append(news, store.LogLine{
			RunUID: runUID, Source: store.SourceSystem, Seq: line.Seq, At: line.At, Level: string(line.Level), Message: line.Message,
		})
	}
	c.batcher.hold(q, news)
}

// setAttached tells whether the journal of a run is being read.
func (c *Collector) setAttached(f *follower, attached bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.attached = attached
}
