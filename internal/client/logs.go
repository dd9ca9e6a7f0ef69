package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// Bounds of following a log.
const (
	// defaultRetry is the wait before a reconnect unless the stream names one; minRetry bounds it.
	defaultRetry = 3 * time.Second
	minRetry     = 10 * time.Millisecond
	// maxReconnects is how often in a row a stream may fail without an event between.
	maxReconnects = 10
)

// patience is how long a reader waits in silence. Tests have less.
type patience struct {
	// idle ends a stream on which nothing comes: the gateway sends a heartbeat every 15 s.
	idle time.Duration
	// retry bounds the wait before a reconnect.
	retry time.Duration
}

var defaultPatience = patience{idle: 45 * time.Second, retry: 30 * time.Second}

// The reasons for which the gateway ends a log.
const (
	EndOfLog        = "ended"
	endTokenExpired = "token-expired"
	endShutdown     = "shutdown"
)

// The Sources of lines: the application, and what was done with the preview.
const (
	SourceSubprocess = "subprocess"
	SourceSystem     = "system"
)

// Levels of lines.
var Levels = []string{"DEBUG", "INFO", "WARNING", "ERROR"}

// LogLine is one line of a log. The message is the application's own, unless it is of SourceSystem.
type LogLine struct {
	Timestamp time.Time `json:"timestamp"`
	Level     string    `json:"level"`
	Message   string    `json:"message"`
	Source    string    `json:"source"`
	// Partial is set when the message goes on in the next line.
	Partial bool `json:"partial,omitempty"`
}

// Gap tells of lines that are missing: here in a stream, and somewhere from From on after the last line of what was read
// without following.
type Gap struct {
	// Lost is nil when their number is not known.
	Lost *uint64    `json:"lost"`
	From *time.Time `json:"from,omitempty"`
	// RemovedAt is when the log was removed to make room.
	RemovedAt *time.Time `json:"removed_at,omitempty"`
}

// LogEvent is a line or a gap.
type LogEvent struct {
	// ID goes into LogOptions.After to go on after this event.
	ID   string
	Line *LogLine
	Gap  *Gap
}

// LogOptions say what to read of a log.
type LogOptions struct {
	LogFilter
	// After is the id of the last event that was seen; everything that the gateway still has when empty.
	After string
	// Follow goes on until the preview ends. Otherwise reading ends with what is stored now.
	Follow bool
	// Reconnecting is told before each new attempt; nil for nobody.
	Reconnecting func(cause error, wait time.Duration)
}

// errProtocol: what came is nothing that the API documents, and would come again.
var errProtocol = errors.New("the stream is not that of the API, is this the gateway?")

// errIdle: nothing came for longer than any heartbeat takes.
var errIdle = errors.New("nothing came from the gateway, not even a heartbeat")

// Logs calls each with every event in turn, reconnecting as often as needed, and returns why the log ended: EndOfLog or
// a reason of later times, or nothing when what there was has been read. An error of each ends it, and is returned.
func (c *Client) Logs(ctx context.Context, id string, opts LogOptions, each func(LogEvent) error) (string, error) {
	if !opts.Follow {
		return "", c.pages(ctx, id, opts, each)
	}
	f := &follower{client: c, id: id, opts: opts, each: each, after: opts.After, retry: defaultRetry}
	for {
		end, err := f.stream(ctx)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case f.eachErr != nil:
			return "", f.eachErr
		case err == nil && end != endTokenExpired && end != endShutdown:
			return end, nil
		case err != nil && !f.worthRetrying(err):
			return "", err
		}
		if err == nil {
			err = fmt.Errorf("the gateway ended the stream: %s", end)
		}
		if f.failures++; f.failures > maxReconnects {
			return "", fmt.Errorf("gave up after %d attempts without an event: %w", f.failures, err)
		}
		if err := f.pause(ctx, err); err != nil {
			return "", err
		}
	}
}

// follower is one reading of a log over several streams.
type follower struct {
	client *Client
	id     string
	opts   LogOptions
	each   func(LogEvent) error

	// after is the id of the last event that was handed over.
	after string
	retry time.Duration
	// connected is set once a stream was open, failures counts those in a row that brought nothing.
	connected bool
	failures  int
	// eachErr is the error of each.
	eachErr error
}

// worthRetrying: before the first stream every refusal is final; afterwards those that pass by themselves are not.
func (f *follower) worthRetrying(err error) bool {
	var refused *Error
	if errors.As(err, &refused) {
		return f.connected && (refused.Status == http.StatusTooManyRequests || refused.Status >= http.StatusInternalServerError)
	}
	return f.connected && !errors.Is(err, errProtocol)
}

// pause waits before the next attempt: what the gateway asked for, doubled with each failure.
func (f *follower) pause(ctx context.Context, cause error) error {
	wait := max(f.retry, minRetry)
	for range f.failures - 1 {
		wait = min(2*wait, f.client.patience.retry)
	}
	var refused *Error
	if errors.As(cause, &refused) && refused.RetryAfter > wait {
		wait = refused.RetryAfter
	}
	if f.opts.Reconnecting != nil {
		f.opts.Reconnecting(cause, wait)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// stream reads one stream and returns the reason in its last event, or why it broke.
func (f *follower) stream(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	header := http.Header{"Accept": {"text/event-stream"}}
	if f.after != "" {
		header["Last-Event-Id"] = []string{f.after}
	}
	// Headers come at once: the gateway answers before it waits for a pod.
	answered := time.AfterFunc(callTimeout, func() { cancel(errors.New("the gateway did not answer in time")) })
	response, err := f.client.open(ctx, call{method: http.MethodGet, path: previewPath(f.id) + "/logs/stream", header: header})
	answered.Stop()
	if err != nil {
		return "", causeOf(ctx, err)
	}
	defer response.Body.Close()
	if mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || mediaType != "text/event-stream" {
		return "", fmt.Errorf("%w its media type is not text/event-stream", errProtocol)
	}
	f.connected = true
	idle := time.AfterFunc(f.client.patience.idle, func() { cancel(errIdle) })
	defer idle.Stop()
	reader := newEventReader(&resetting{in: response.Body, timer: idle, after: f.client.patience.idle}, f.after)
	end, err := f.read(reader)
	if reader.retry > 0 {
		f.retry = min(reader.retry, f.client.patience.retry)
	}
	return end, causeOf(ctx, err)
}

// causeOf names what ended a stream, rather than that its context was cancelled.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// resetting puts an alarm off with everything that is read.
type resetting struct {
	in    io.Reader
	timer *time.Timer
	after time.Duration
}

func (r *resetting) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if n > 0 {
		r.timer.Reset(r.after)
	}
	return n, err
}

// read hands over the events of a stream and returns the reason in its last one.
func (f *follower) read(reader *eventReader) (string, error) {
	for {
		e, err := reader.next()
		if err != nil {
			return "", err
		}
		if e.name == "end" {
			var end struct {
				Reason string `json:"reason"`
			}
			if err := json.Unmarshal([]byte(e.data), &end); err != nil {
				return "", fmt.Errorf("%w the end of the log cannot be read: %w", errProtocol, err)
			}
			return end.Reason, nil
		}
		if err := f.take(e); err != nil {
			return "", err
		}
	}
}

// take hands an event over. Types of events that it does not know are left to later versions.
func (f *follower) take(e event) error {
	switch e.name {
	case "gap":
		gap := &Gap{}
		if err := json.Unmarshal([]byte(e.data), gap); err != nil {
			return fmt.Errorf("%w a gap in the log cannot be read: %w", errProtocol, err)
		}
		return f.hand(LogEvent{ID: e.id, Gap: gap})
	case "", "message":
		line := &LogLine{}
		if err := json.Unmarshal([]byte(e.data), line); err != nil {
			return fmt.Errorf("%w a line of the log cannot be read: %w", errProtocol, err)
		}
		if !f.opts.takes(line) {
			f.failures, f.after = 0, e.id
			return nil
		}
		return f.hand(LogEvent{ID: e.id, Line: line})
	}
	return nil
}

func (f *follower) hand(e LogEvent) error {
	f.failures = 0
	if f.eachErr = f.each(e); f.eachErr != nil {
		return f.eachErr
	}
	f.after = e.ID
	return nil
}
