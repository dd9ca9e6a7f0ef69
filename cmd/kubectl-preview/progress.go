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
	// columns is the width of the terminal, 0 when it is not known. A line that wraps could not be painted over.
	columns func() int
	now     func() time.Time
	begun   time.Time

	mu   sync.Mutex
	text string
	stop chan struct{}
	over sync.WaitGroup
}

// newProgress begins; close ends it.
func (a *app) newProgress() *progress {
	p := &progress{out: a.ErrOut, terminal: a.errIsTerminal, columns: a.columns, now: a.now, begun: a.now(), stop: make(chan struct{})}
	every := remindEvery
	if p.terminal {
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
	so := fmt.Sprintf(" (%s)", took(p.elapsed()))
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K"+clipped(p.text, p.columns()-1-len(so))+so)
		return
	}
	fmt.Fprintln(p.out, p.text+so)
}

// clipped shortens a text to so many characters; not below ten, nor where the width is not known.
func clipped(text string, most int) string {
	characters := []rune(text)
	if most < 10 || len(characters) <= most {
		return text
	}
	return string(characters[:most-1]) + "…"
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
