package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEvents(t *testing.T) {
	message := func(id, data string) event { return event{id: id, data: data} }
	tests := map[string]struct {
		stream string
		want   []event
	}{
		"message":                {"id: 1\ndata: a\n\n", []event{message("1", "a")}},
		"all fields":             {"retry: 5\n\nid: 1\nevent: gap\ndata: {}\n\n", []event{{id: "1", name: "gap", data: "{}"}}},
		"id stays":               {"id: 1\ndata: a\n\ndata: b\n\n", []event{message("1", "a"), message("1", "b")}},
		"several lines":          {"data: a\ndata:b\ndata:  c\ndata\n\n", []event{message("", "a\nb\n c\n")}},
		"comments":               {": hello\n\ndata: a\n: between\n\n", []event{message("", "a")}},
		"CR LF":                  {"data: a\r\nevent: b\r\n\r\ndata: c\r\n\r\n", []event{{name: "b", data: "a"}, message("", "c")}},
		"CR":                     {"data: a\r\rdata: c\r\r", []event{message("", "a"), message("", "c")}},
		"byte order mark":        {"\ufeffdata: a\n\n", []event{message("", "a")}},
		"without data":           {"event: x\n\ndata: a\n\n", []event{message("", "a")}},
		"empty data":             {"event: end\ndata:\n\n", []event{{name: "end"}}},
		"unfinished":             {"data: a\n\ndata: b\n", []event{message("", "a")}},
		"unknown field":          {"foo: x\ndata: a\n\n", []event{message("", "a")}},
		"id with NUL":            {"id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n", []event{message("1", "a"), message("1", "b")}},
		"name is of its event":   {"event: x\ndata: a\n\ndata: b\n\n", []event{{name: "x", data: "a"}, message("", "b")}},
		"colon within the value": {"data: a: b\n\n", []event{message("", "a: b")}},
	}
	for name, tt := range tests {
		for how, in := range map[string]io.Reader{"whole": strings.NewReader(tt.stream), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.stream))} {
			t.Run(name+" "+how, func(t *testing.T) {
				reader := newEventReader(in, "")
				var got []event
				for {
					e, err := reader.next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, e)
				}
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(event{})); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestEventsAreBounded(t *testing.T) {
	for name, stream := range map[string]string{
		"line": "data: " + strings.Repeat("x", maxEventBytes+1),
		"data": strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 300),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newEventReader(strings.NewReader(stream), "").next(); !errors.Is(err, errEventTooLarge) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// line is an event as the gateway writes it.
func line(id, message string) string {
	return fmt.Sprintf("id: %s\ndata: {\"timestamp\":\"2026-01-02T03:04:05Z\",\"level\":\"INFO\",\"message\":%q,\"source\":\"subprocess\"}\n\n", id, message)
}

func end(reason string) string { return "event: end\ndata: {\"reason\":\"" + reason + "\"}\n\n" }

// script is what a gateway streams, one text a connection; a connection ends with its text. stay keeps the last one open.
type script struct {
	texts  []string
	stay   bool
	status map[int]int
	// after are the Last-Event-ID of the connections, bearers their tokens.
	after, bearers []string
}

func (s *script) serve(t *testing.T) *Client {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := len(s.after)
		s.after = append(s.after, r.Header.Get("Last-Event-ID"))
		s.bearers = append(s.bearers, r.Header.Get("Authorization"))
		if status := s.status[n]; status != 0 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"type":"https://preview.codebegen.dev/problems/busy","title":"Busy"}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 1\n\n")
		if n < len(s.texts) {
			fmt.Fprint(w, s.texts[n])
		}
		w.(http.Flusher).Flush()
		if s.stay && n == len(s.texts)-1 {
			<-r.Context().Done()
		}
	})
}

// read collects what a log has, gaps as "gap n".
func read(ctx context.Context, c *Client, opts LogOptions) (got []string, end string, err error) {
	end, err = c.Logs(ctx, "a", opts, func(e LogEvent) error {
		switch {
		case e.Line != nil:
			got = append(got, e.Line.Message)
		case e.Gap.Lost != nil:
			got = append(got, fmt.Sprintf("gap %d", *e.Gap.Lost))
		default:
			got = append(got, "gap")
		}
		return nil
	})
	return got, end, err
}

func TestLogs(t *testing.T) {
	tests := map[string]struct {
		script    script
		after     string
		want      []string
		wantEnd   string
		wantAfter []string
	}{
		"to its end": {
			script: script{texts: []string{line("1", "a") + line("2", "b") + end("ended")}},
			want:   []string{"a", "b"}, wantEnd: EndOfLog, wantAfter: []string{""},
		},
		"from an id": {
			script: script{texts: []string{line("8", "a") + end("ended")}}, after: "7",
			want: []string{"a"}, wantEnd: EndOfLog, wantAfter: []string{"7"},
		},
		"reason of a later time": {script: script{texts: []string{end("moved")}}, wantEnd: "moved", wantAfter: []string{""}},
		"cut twice": {
			script: script{texts: []string{line("1", "a"), line("2", "b") + "id: 3\ndata: {\"mess", line("3", "c") + end("ended")}},
			want:   []string{"a", "b", "c"}, wantEnd: EndOfLog, wantAfter: []string{"", "1", "2"},
		},
		"shutdown and expired token": {
			script: script{texts: []string{line("1", "a") + end("shutdown"), end("token-expired"), line("2", "b") + end("ended")}},
			want:   []string{"a", "b"}, wantEnd: EndOfLog, wantAfter: []string{"", "1", "1"},
		},
		"cut more often than it may fail in a row": {
			script: script{texts: append(slices.Repeat([]string{line("1", "a")}, maxReconnects+2), end("ended"))},
			want:   slices.Repeat([]string{"a"}, maxReconnects+2), wantEnd: EndOfLog,
			wantAfter: append([]string{""}, slices.Repeat([]string{"1"}, maxReconnects+2)...),
		},
		"busy between": {
			script: script{texts: []string{line("1", "a"), "", "", line("2", "b") + end("ended")}, status: map[int]int{1: 503, 2: 429}},
			want:   []string{"a", "b"}, wantEnd: EndOfLog, wantAfter: []string{"", "1", "1", "1"},
		},
		"gaps": {
			script: script{texts: []string{line("1", "a") + "event: gap\ndata: {\"lost\":12}\n\n" + "event: gap\ndata: {\"lost\":null}\n\n" + end("ended")}},
			want:   []string{"a", "gap 12", "gap"}, wantEnd: EndOfLog, wantAfter: []string{""},
		},
		"events of a later time": {
			script: script{texts: []string{"event: news\ndata: x\n\n" + line("1", "a") + end("ended")}},
			want:   []string{"a"}, wantEnd: EndOfLog, wantAfter: []string{""},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := tt.script.serve(t)
			got, end, err := read(t.Context(), c, LogOptions{After: tt.after, Follow: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if end != tt.wantEnd {
				t.Errorf("end %q, want %q", end, tt.wantEnd)
			}
			if diff := cmp.Diff(tt.wantAfter, tt.script.after); diff != "" {
				t.Errorf("Last-Event-ID (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEachStreamGetsAFreshToken(t *testing.T) {
	s := script{texts: []string{end("token-expired"), end("ended")}}
	c := s.serve(t)
	n := 0
	c.token = func(context.Context) (string, error) { n++; return fmt.Sprint("token-", n), nil }
	if _, _, err := read(t.Context(), c, LogOptions{Follow: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Bearer token-1", "Bearer token-2"}, s.bearers); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestLogsThatCannotBeRead(t *testing.T) {
	tests := map[string]struct {
		script script
		want   string
		// connections is how often the gateway was asked.
		connections int
	}{
		"refused at once":     {script{status: map[int]int{0: 403}}, "HTTP 403", 1},
		"busy at once":        {script{status: map[int]int{0: 503}}, "HTTP 503", 1},
		"refused later":       {script{texts: []string{line("1", "a")}, status: map[int]int{1: 401}}, "HTTP 401", 2},
		"line that is none":   {script{texts: []string{"data: hello\n\n"}}, "is this the gateway?", 1},
		"gap that is none":    {script{texts: []string{"event: gap\ndata: hello\n\n"}}, "is this the gateway?", 1},
		"end that is none":    {script{texts: []string{"event: end\ndata: hello\n\n"}}, "is this the gateway?", 1},
		"event without limit": {script{texts: []string{"data: " + strings.Repeat("x", maxEventBytes+1)}}, "262144", 1},
		"always cut":          {script{}, "gave up after 11 attempts", 11},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(t.Context(), tt.script.serve(t), LogOptions{Follow: true})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if len(tt.script.after) != tt.connections {
				t.Errorf("%d connections, want %d", len(tt.script.after), tt.connections)
			}
		})
	}
}

func TestASilentStreamIsReplaced(t *testing.T) {
	s := script{texts: []string{line("1", "a"), line("2", "b") + end("ended")}}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		s.after = append(s.after, r.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 1\n\n"+s.texts[len(s.after)-1])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c.patience.idle = 50 * time.Millisecond
	var causes []error
	got, _, err := read(t.Context(), c, LogOptions{Follow: true, Reconnecting: func(cause error, _ time.Duration) { causes = append(causes, cause) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if len(causes) != 1 || !errors.Is(causes[0], errIdle) {
		t.Errorf("causes %v", causes)
	}
}

func TestReadersEndTheirReading(t *testing.T) {
	t.Run("by an error", func(t *testing.T) {
		s := script{texts: []string{line("1", "a")}, stay: true}
		full := errors.New("disk full")
		if _, err := s.serve(t).Logs(t.Context(), "a", LogOptions{Follow: true}, func(LogEvent) error { return full }); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("by their context", func(t *testing.T) {
		s := script{texts: []string{line("1", "a")}, stay: true}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.serve(t).Logs(ctx, "a", LogOptions{Follow: true}, func(LogEvent) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
