package framework

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// LogEvent is one event of the log stream.
type LogEvent struct {
	Timestamp time.Time `json:"timestamp"`
	Level     string    `json:"level"`
	Message   string    `json:"message"`
	Source    string    `json:"source"`
	// Name of the event: empty for a line, end with a Reason when the stream has ended, gap where lines were lost.
	Name   string `json:"-"`
	Reason string `json:"reason"`
}

// LogStream collects the events of a log stream in the background, until it ends or is closed.
type LogStream struct {
	Header http.Header

	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	events []LogEvent
	err    error
}

// Logs opens the log stream of a preview.
func (u *UserClient) Logs(ctx context.Context, id string) (*LogStream, error) {
	return u.stream(ctx, previewPath(id)+"/logs/stream")
}

// LogsWithTicket opens it as a browser does: with a ticket in the URL and without a bearer token.
func (u *UserClient) LogsWithTicket(ctx context.Context, id string) (*LogStream, error) {
	var ticket struct {
		URL string `json:"url"`
	}
	if _, err := u.call(ctx, http.MethodPost, previewPath(id)+"/logs/ticket", nil, nil, &ticket); err != nil {
		return nil, err
	}
	anonymous := *u
	anonymous.Bearer = ""
	return anonymous.stream(ctx, ticket.URL)
}

func (u *UserClient) stream(ctx context.Context, path string) (*LogStream, error) {
	ctx, cancel := context.WithCancel(ctx)
	response, err := u.send(ctx, http.MethodGet, path, http.Header{"Accept": {"text/event-stream"}}, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer cancel()
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
		if err != nil {
			return nil, err
		}
		return nil, newError(response, body)
	}
	s := &LogStream{Header: response.Header, cancel: cancel, done: make(chan struct{})}
	go s.read(response.Body)
	return s, nil
}

// Export opens what a path answers with in a media type, however long it is.
func (u *UserClient) Export(ctx context.Context, path, mediaType string) (io.ReadCloser, error) {
	response, err := u.send(ctx, http.MethodGet, path, http.Header{"Accept": {mediaType}}, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, err
	}
	return nil, newError(response, body)
}

func (s *LogStream) read(body io.ReadCloser) {
	defer close(s.done)
	defer body.Close()
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, 1<<20)
	name := ""
	for scanner.Scan() {
		line := scanner.Text()
		if after, found := strings.CutPrefix(line, "event: "); found {
			name = after
		}
		data, found := strings.CutPrefix(line, "data: ")
		if !found {
			continue
		}
		event := LogEvent{Name: name}
		name = ""
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			s.finish(fmt.Errorf("event %.500q: %w", data, err))
			return
		}
		s.mu.Lock()
		s.events = append(s.events, event)
		s.mu.Unlock()
	}
	s.finish(scanner.Err())
}

func (s *LogStream) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Events are those seen so far.
func (s *LogStream) Events() []LogEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]LogEvent(nil), s.events...)
}

// Text is the messages seen so far, one per line, and the error that ended the stream.
func (s *LogStream) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var text strings.Builder
	for _, event := range s.events {
		if event.Name != "" {
			fmt.Fprintf(&text, "(%s: %s)\n", event.Name, event.Reason)
			continue
		}
		text.WriteString(event.Message + "\n")
	}
	if s.err != nil {
		fmt.Fprintf(&text, "(stream ended: %v)\n", s.err)
	}
	return text.String()
}

// Close ends the stream and waits for it.
func (s *LogStream) Close() {
	s.cancel()
	<-s.done
}
