package collector

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/store"
)

// recorder writes what is known of runs into the store, behind the back of whoever knows it: the latest facts of each run.
type recorder struct {
	options Options

	mu sync.Mutex
	// pending are the facts to be written, and written those that were, as JSON.
	pending map[string]store.Run
	written map[string]string
	// changed is closed, and forgotten, when something was written.
	changed chan struct{}
	// due has an element while there are facts, and hurry when somebody waits for them.
	due, hurry chan struct{}
}

// recordAfter is how long facts wait for later ones of the same run, which take their place: a launch has several in a row,
// and should not have to share the disk with them.
const recordAfter = 100 * time.Millisecond

func newRecorder(options Options) *recorder {
	return &recorder{options: options, pending: map[string]store.Run{}, written: map[string]string{}, due: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
}

// Record has the facts of a run written, soon. It does not wait.
func (c *Collector) Record(run store.Run) {
	r := c.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.written[run.UID] == facts(run) {
		return
	}
	run.UpdatedAt = r.options.Now()
	if waiting, ok := r.pending[run.UID]; ok && waiting.Revision > run.Revision {
		return
	}
	r.pending[run.UID] = run
	signal(r.due)
}

// facts tells records apart, but for the time at which they were made.
func facts(run store.Run) string {
	run.UpdatedAt = time.Time{}
	// A struct of texts, numbers and times.
	data, _ := json.Marshal(run)
	return string(data)
}

// Settle waits until what Record and System were told of a run is stored, or until ctx ends.
func (c *Collector) Settle(ctx context.Context, runUID string) error {
	c.mu.Lock()
	q := c.queues[runUID]
	c.mu.Unlock()
	if q != nil {
		c.batcher.release(q)
		if err := c.batcher.drained(ctx, q); err != nil {
			return err
		}
	}
	return c.recorder.settle(ctx, runUID)
}

func (r *recorder) settle(ctx context.Context, runUID string) error {
	for {
		r.mu.Lock()
		_, waiting := r.pending[runUID]
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		changed := r.changed
		r.mu.Unlock()
		if !waiting {
			return nil
		}
		signal(r.hurry)
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *recorder) run(ctx context.Context) {
	failures := 0
	for gather(ctx, r.due, r.hurry, recordAfter) {
		for _, run := range r.take() {
			err := r.write(ctx, run)
			if ctx.Err() != nil {
				return
			}
			r.settled(run, err)
			if err == nil {
				failures = 0
				continue
			}
			failures++
			r.options.Logger.Warn("recording a run failed, trying again", "run", run.UID, "attempt", failures, "error", err)
			time.AfterFunc(min(r.options.RetryMin<<min(failures, 10), maxRetry), func() { signal(r.due) })
		}
	}
}

// write records a run. Where it ran stays known when it has ended, and has let go of its port.
func (r *recorder) write(ctx context.Context, run store.Run) error {
	if run.Port == 0 || run.Node == "" {
		before, err := r.options.Store.Run(ctx, run.UID)
		switch {
		case err == nil:
			run.Port, run.Node = cmp.Or(run.Port, before.Port), cmp.Or(run.Node, before.Node)
		case !errors.Is(err, store.ErrRunNotFound):
			return err
		}
	}
	_, err := r.options.Store.PutRun(ctx, run)
	return err
}

func (r *recorder) take() (runs []store.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, run := range r.pending {
		runs = append(runs, run)
	}
	return runs
}

// settled takes written facts out, unless there are later ones by now.
func (r *recorder) settled(run store.Run, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		return
	}
	if len(r.written) >= maxDone {
		// They are written once more at worst, which changes nothing.
		clear(r.written)
	}
	r.written[run.UID] = facts(run)
	if facts(r.pending[run.UID]) == facts(run) {
		delete(r.pending, run.UID)
	} else {
		signal(r.due)
	}
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}
