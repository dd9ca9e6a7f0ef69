package sse

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFrames(t *testing.T) {
	tests := map[string]struct {
		write func(*Writer) error
		want  string
	}{
		"data alone":     {func(w *Writer) error { return w.Event(Event{Data: "hello"}) }, "data: hello\n\n"},
		"all fields":     {func(w *Writer) error { return w.Event(Event{ID: "7", Name: "gap", Data: "{}"}) }, "id: 7\nevent: gap\ndata: {}\n\n"},
		"empty data":     {func(w *Writer) error { return w.Event(Event{Name: "end"}) }, "event: end\ndata: \n\n"},
		"several lines":  {func(w *Writer) error { return w.Event(Event{Data: "a\nb\r\nc\rd"}) }, "data: a\ndata: b\ndata: c\ndata: d\n\n"},
		"injected event": {func(w *Writer) error { return w.Event(Event{Data: "a\r\revent: end"}) }, "data: a\ndata: \ndata: event: end\n\n"},
		"comment":        {func(w *Writer) error { return w.Comment("heartbeat") }, ": heartbeat\n\n"},
		"comment lines":  {func(w *Writer) error { return w.Comment("a\ndata: b") }, ": a\n: data: b\n\n"},
		"retry":          {func(w *Writer) error { return w.Retry(3 * time.Second) }, "retry: 3000\n\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := tt.write(NewWriter(&out)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFieldsThatWouldBreakTheFrame(t *testing.T) {
	for name, event := range map[string]Event{
		"newline in id":           {ID: "1\n2"},
		"carriage return in id":   {ID: "1\r2"},
		"NUL in id":               {ID: "1\x002"},
		"newline in name":         {Name: "a\nb"},
		"carriage return in name": {Name: "a\rb"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := NewWriter(&out).Event(event); err == nil || out.Len() > 0 {
				t.Errorf("error %v, wrote %q", err, out.String())
			}
		})
	}
}

// countingWriter fails from the second write on.
type countingWriter struct{ writes int }

var errGone = errors.New("client has gone")

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	if w.writes > 1 {
		return 0, errGone
	}
	return len(p), nil
}

func TestAnEventIsOneWriteAndErrorsAreReported(t *testing.T) {
	var out countingWriter
	w := NewWriter(&out)
	if err := w.Event(Event{ID: "1", Data: "a\nb"}); err != nil || out.writes != 1 {
		t.Errorf("%d writes, %v", out.writes, err)
	}
	if err := w.Comment("heartbeat"); !errors.Is(err, errGone) {
		t.Errorf("got %v, want the writer's error", err)
	}
}
