package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// repaintEvery is how often the line on a terminal is painted anew, remindEvery how often a reader of plain lines is
	// told that nothing has changed.
	repaintEvery = 200 * time.Millisecond
	remindEvery  = 10 * time.Second
)

// progress says what is being waited for, and for how long so far: on a terminal in one line that changes, otherwise in a
// line for each change.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	begun    time.Time

	mu   sync.Mutex
	text string
	stop chan struct{}
	over sync.WaitGroup
}

// newProgress begins; close ends it.
func newProgress(out io.Writer, terminal bool, now func() time.Time) *progress {
	p := &progress{out: out, terminal: terminal, now: now, begun: now(), stop: make(chan struct{})}
	every := remindEvery
	if terminal {
		every = repaintEvery
	}
	p.over.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				p.print()
				p.mu.Unlock()
			case <-p.stop:
				return
			}
		}
	})
	return p
}

// say says what is being done now.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := escaped(fmt.Sprintf(format, args...))
	if text == p.text {
		return
	}
	p.text = text
	p.print()
}

// print prints the text; p.mu is held.
func (p *progress) print() {
	if p.text == "" {
		return
	}
	line := fmt.Sprintf("%s (%s)", p.text, took(p.elapsed()))
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K"+line)
		return
	}
	fmt.Fprintln(p.out, line)
}

func (p *progress) elapsed() time.Duration { return p.now().Sub(p.begun) }

// close takes the line from the terminal. Nothing is printed afterwards.
func (p *progress) close() {
	close(p.stop)
	p.over.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && p.text != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
