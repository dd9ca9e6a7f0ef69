package assets

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// reportEvery is often enough to show that a build of many minutes lives, and
// rarely enough for a CI log.
const reportEvery = 10 * time.Second

// Progress writes what is going on to the user's screen.
type Progress struct {
	out io.Writer
}

// NewProgress reports to out.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out} }

// Say prints one line.
func (p *Progress) Say(format string, args ...any) {
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Task is a step that takes long enough to be worth watching.
type Task struct {
	progress *Progress
	name     string
	started  time.Time
	stop     chan struct{}
	stopped  sync.WaitGroup

	mu          sync.Mutex
	done, total int
}

// Start announces a step and reports on it until it ends.
func (p *Progress) Start(name string) *Task {
	t := &Task{progress: p, name: name, started: time.Now(), stop: make(chan struct{})}
	p.Say("%s: building", name)
	t.stopped.Go(t.report)
	return t
}

func (t *Task) report() {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-ticker.C:
			t.mu.Lock()
			done, total := t.done, t.total
			t.mu.Unlock()
			if total == 0 {
				t.progress.Say("%s: downloading modules, %s", t.name, t.elapsed())
				continue
			}
			t.progress.Say("%s: %d of %d packages, %s", t.name, done, total, t.elapsed())
		}
	}
}

// Update says how far the step is.
func (t *Task) Update(done, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done, t.total = done, total
}

// Done ends the step.
func (t *Task) Done() { t.end("built in") }

// Fail ends the step without success; the error itself is reported by the caller.
func (t *Task) Fail() { t.end("failed after") }

func (t *Task) end(how string) {
	close(t.stop)
	t.stopped.Wait()
	t.progress.Say("%s: %s %s", t.name, how, t.elapsed())
}

func (t *Task) elapsed() time.Duration { return time.Since(t.started).Round(time.Second) }
