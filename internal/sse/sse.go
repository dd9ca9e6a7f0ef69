// Package sse frames Server-Sent Events as the WHATWG HTML standard defines them.
package sse

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ContentType of a stream.
const ContentType = "text/event-stream"

// Event is one event of a stream.
type Event struct {
	// ID is what a client sends back as Last-Event-ID when it reconnects; none when empty. It must not contain line
	// breaks or NUL.
	ID string
	// Name is the event's type; empty means "message". It must not contain line breaks.
	Name string
	// Data may have several lines, which a client gets joined by \n.
	Data string
}

// Writer writes events. Each call is one Write, so that no event reaches a client in halves.
type Writer struct {
	out io.Writer
	buf bytes.Buffer
}

// NewWriter returns a Writer. Flushing is left to the caller, who knows when a batch ends.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Event writes an event.
func (w *Writer) Event(e Event) error {
	if strings.ContainsAny(e.ID, "\r\n\x00") {
		return fmt.Errorf("sse: id %q contains a line break or NUL", e.ID)
	}
	if strings.ContainsAny(e.Name, "\r\n") {
		return fmt.Errorf("sse: event name %q contains a line break", e.Name)
	}
	if e.ID != "" {
		w.field("id", e.ID)
	}
	if e.Name != "" {
		w.field("event", e.Name)
	}
	for line := range lines(e.Data) {
		w.field("data", line)
	}
	w.buf.WriteByte('\n')
	return w.send()
}

// Comment writes a line that clients ignore. It keeps proxies from closing a quiet stream, and finds out that a client
// has gone.
func (w *Writer) Comment(text string) error {
	for line := range lines(text) {
		w.field("", line)
	}
	w.buf.WriteByte('\n')
	return w.send()
}

// Retry tells clients how long to wait before they reconnect.
func (w *Writer) Retry(after time.Duration) error {
	w.field("retry", strconv.FormatInt(after.Milliseconds(), 10))
	w.buf.WriteByte('\n')
	return w.send()
}

func (w *Writer) field(name, value string) {
	w.buf.WriteString(name)
	w.buf.WriteString(": ")
	w.buf.WriteString(value)
	w.buf.WriteByte('\n')
}

func (w *Writer) send() error {
	_, err := w.out.Write(w.buf.Bytes())
	w.buf.Reset()
	return err
}

// lines splits at \n, \r\n and \r alike: a lone \r would end the field for a client, and what follows it would be read
// as a field of its own.
func lines(text string) func(func(string) bool) {
	return strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
}
