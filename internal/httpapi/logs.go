package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/sse"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	// heartbeatEvery keeps proxies from closing a quiet stream.
	heartbeatEvery = 15 * time.Second
	// streamRetry is what clients are told to wait before they reconnect.
	streamRetry = 3 * time.Second
	// streamWriteTimeout ends a stream whose client does not read.
	streamWriteTimeout = 30 * time.Second
	// streamBatch is how many lines are written at once: a client may take streamWriteTimeout to read them.
	streamBatch = 256
	// lastLinesWait is how long the last lines of a run that is over are waited for, should nobody say that they are.
	lastLinesWait = 10 * time.Second
	// followRetry is the pause after the store could not be read.
	followRetry = time.Second
)

// logEvent is one line of a log.
type logEvent struct {
	Timestamp time.Time `json:"timestamp"`
	Level     string    `json:"level" enum:"DEBUG,INFO,WARNING,ERROR"`
	Message   string    `json:"message"`
	Source    string    `json:"source" enum:"subprocess,system"`
	// Partial is set when the message goes on in the next event.
	Partial bool `json:"partial,omitempty"`
}

// endEvent tells why a stream ends. After ended there is nothing to come.
type endEvent struct {
	Reason string `json:"reason"`
}

// The reasons of an endEvent.
const (
	endOfLog      = "ended"
	endOfToken    = "token-expired"
	endOfShutdown = "shutdown"
)

// gapEvent tells of lines that were lost; null when their number is not known.
type gapEvent struct {
	Lost *int64 `json:"lost"`
}

// streamLogs answers itself once it has decided to stream.
func (a *API) streamLogs(c *gin.Context) (reply, error) {
	query, err := readStreamQuery(c)
	if err != nil {
		return reply{}, err
	}
	after, err := query.cursor(c.GetHeader(lastEventHeader))
	if err != nil {
		return reply{}, err
	}
	p, shown, err := a.viewer(c, query)
	if err != nil {
		return reply{}, err
	}
	release, err := a.streams.open(p.UserID)
	if err != nil {
		return reply{}, err
	}
	defer release()

	ctx, cancel := context.WithTimeout(c.Request.Context(), p.Expires.Sub(a.now()))
	defer cancel()
	s := &logStream{api: a, controller: http.NewResponseController(c.Writer), events: sse.NewWriter(c.Writer), view: shown, run: shown.run(), ended: streamGone}
	begun := time.Now()
	defer func() {
		if c.Request.Context().Err() != nil {
			s.ended = streamGone
		}
		a.metrics.streams.Observe(time.Since(begun), s.ended)
	}()
	header := c.Writer.Header()
	header.Set("Content-Type", sse.ContentType)
	header.Set("Cache-Control", "no-cache")
	header.Set("Connection", "keep-alive")
	header.Set("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	c.Writer.WriteHeaderNow()
	if err := s.serve(ctx, after); err != nil {
		a.logger.Debug("a log stream broke", "request_id", requestID(c), "error", err)
	}
	return reply{written: true}, nil
}

// logStream is one viewer's stream of the log of one run.
type logStream struct {
	api        *API
	controller *http.ResponseController
	events     *sse.Writer
	view       view
	run        string
	// ended is why the stream ended.
	ended string
}

// serve streams until the log or ctx ends. The error is that of a write: the client has gone.
func (s *logStream) serve(ctx context.Context, after int64) error {
	if err := s.send(func() error { return s.events.Retry(streamRetry) }); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan logBatch)
	ended := make(chan string, 1)
	go func() {
		defer close(batches)
		r := &logReader{stream: s, batches: batches, last: after, resumed: after > 0}
		ended <- r.run(ctx)
	}()
	// The reader is waited for: nothing of a stream outlives its request.
	stopReader := func() {
		cancel()
		for range batches {
			continue
		}
	}
	defer stopReader()

	heartbeat := time.NewTicker(s.api.heartbeat)
	defer heartbeat.Stop()
	for {
		if s.view.pvi != nil {
			s.api.activity.touch(s.view.pvi)
		}
		var err error
		select {
		case batch, open := <-batches:
			if !open {
				return s.end(<-ended)
			}
			err = s.batch(batch)
		case <-heartbeat.C:
			err = s.send(func() error { return s.events.Comment("heartbeat") })
		case <-s.api.draining:
			return s.end(endOfShutdown)
		}
		if err != nil {
			return err
		}
	}
}

// logBatch is what is written at once: a gap, then lines.
type logBatch struct {
	gap   *gapEvent
	lines []store.LogLine
}

// logReader reads a log for one stream.
type logReader struct {
	stream  *logStream
	batches chan<- logBatch
	// last is the line that was handed over last, seq the number of the last one of the application, 0 while it is not known.
	last, seq int64
	// resumed is set when the stream goes on after a line that it has not shown.
	resumed bool
	// told is how many lost lines the viewer was told of.
	told int64
}

// run hands over what is stored of the run and what comes, and says why it ended: the log is complete, or the run has been
// over for a while.
func (r *logReader) run(ctx context.Context) string {
	reading, stop := r.stream.untilOver(ctx)
	defer stop()
	runs := r.stream.api.runs
	follower := runs.Follow(r.stream.run, r.last)
	defer follower.Close()
	for {
		lines, err := follower.Next(reading)
		switch {
		case err == nil:
			err = r.hand(ctx, lines)
		case errors.Is(err, io.EOF):
			return r.finish(ctx)
		case ctx.Err() == nil && reading.Err() != nil:
			return r.rest(ctx)
		case ctx.Err() == nil:
			r.stream.api.logger.Warn("following a log failed, trying again", "run", r.stream.run, "error", err)
			err = sleep(ctx, followRetry)
		}
		if err != nil {
			return reasonOf(ctx, endOfLog)
		}
	}
}

// rest hands over what was stored meanwhile of a run that is over.
func (r *logReader) rest(ctx context.Context) string {
	for {
		lines, next, err := r.stream.api.runs.Logs(ctx, store.LogQuery{RunUID: r.stream.run, AfterID: r.last, Limit: store.MaxLogLimit})
		if err == nil {
			err = r.hand(ctx, lines)
		}
		if err != nil {
			r.stream.api.logger.Warn("the end of a log cannot be read", "run", r.stream.run, "error", err)
			return reasonOf(ctx, endOfLog)
		}
		if next == 0 {
			return r.finish(ctx)
		}
	}
}

// finish tells of lines that are missing and that no jump in the numbers has told of.
func (r *logReader) finish(ctx context.Context) string {
	run, err := r.stream.api.runs.Run(ctx, r.stream.run)
	log := run.Log
	switch {
	case err != nil:
		// Not recorded yet, or the store is gone: what was told is all there is to tell.
	case log.RemovedAt != nil, log.MissingFrom != nil && log.LinesMissing == nil:
		err = r.send(ctx, logBatch{gap: &gapEvent{}})
	case log.MissingFrom != nil && *log.LinesMissing > r.told:
		lost := *log.LinesMissing - r.told
		err = r.send(ctx, logBatch{gap: &gapEvent{Lost: &lost}})
	}
	if err != nil && ctx.Err() != nil {
		return reasonOf(ctx, endOfLog)
	}
	return endOfLog
}

// hand hands lines over, and tells of jumps in the numbers of those of the application before the line after them.
func (r *logReader) hand(ctx context.Context, lines []store.LogLine) error {
	for len(lines) > 0 {
		n, lost := r.upToGap(lines)
		batch := logBatch{lines: lines[:n]}
		if lost > 0 {
			r.told += lost
			batch.gap = &gapEvent{Lost: &lost}
		}
		for some := range slices.Chunk(batch.lines, streamBatch) {
			if err := r.send(ctx, logBatch{gap: batch.gap, lines: some}); err != nil {
				return err
			}
			batch.gap = nil
		}
		r.last = lines[n-1].ID
		lines = lines[n:]
	}
	return nil
}

// upToGap returns how many lines follow each other without a jump, and how many are missing before the first.
func (r *logReader) upToGap(lines []store.LogLine) (n int, lost int64) {
	for i := range lines {
		if lines[i].Source != store.SourceSubprocess {
			continue
		}
		missing := lines[i].Seq - r.seq - 1
		if r.resumed && r.seq == 0 {
			missing = 0
		}
		if missing > 0 && i > 0 {
			return i, lost
		}
		lost += max(missing, 0)
		r.seq = max(r.seq, lines[i].Seq)
	}
	return len(lines), lost
}

func (r *logReader) send(ctx context.Context, batch logBatch) error {
	select {
	case r.batches <- batch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// untilOver returns a context that ends some time after the run is over, or with ctx. stop waits until nothing is left of it.
func (s *logStream) untilOver(ctx context.Context) (reading context.Context, stop func()) {
	reading, cancel := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		defer cancel()
		wait := s.api.lastLinesWait
		if over := s.awaitOver(reading); over != nil {
			wait -= s.api.now().Sub(*over)
		}
		// The error is that of a stream that has ended meanwhile.
		_ = sleep(reading, wait)
	})
	return reading, func() {
		cancel()
		waiting.Wait()
	}
}

// awaitOver waits until the run is over, or ctx is done, and returns since when it is, nil if that is not known. What the
// API server has not told yet is of no matter here.
func (s *logStream) awaitOver(ctx context.Context) *time.Time {
	if record := s.view.record; record != nil {
		return cmp.Or(record.StoppedAt, &record.UpdatedAt)
	}
	for {
		changed := s.api.instances.nextChange(s.view.pvi.Name)
		pvi, err := s.api.instances.Cached(s.view.pvi.Name)
		if err != nil || runUID(pvi) != s.run {
			return nil
		}
		if pvi.Status.Phase.Finished() {
			return utc(pvi.Status.StoppedAt)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// sleep fails with the error of ctx.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reasonOf tells the end of the token from other reasons.
func reasonOf(ctx context.Context, otherwise string) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return endOfToken
	}
	return otherwise
}

func (s *logStream) batch(b logBatch) error {
	return s.send(func() error {
		if b.gap != nil {
			if err := s.event("", "gap", b.gap); err != nil {
				return err
			}
		}
		for i := range b.lines {
			line := &b.lines[i]
			event := logEvent{Timestamp: line.At, Level: line.Level, Message: line.Message, Source: string(line.Source), Partial: line.Partial}
			if err := s.event(strconv.FormatInt(line.ID, 10), "", event); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *logStream) end(reason string) error {
	s.ended = reason
	return s.send(func() error { return s.event("", "end", endEvent{Reason: reason}) })
}

func (s *logStream) event(id, name string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return s.events.Event(sse.Event{ID: id, Name: name, Data: string(text)})
}

// send writes and flushes within streamWriteTimeout.
func (s *logStream) send(write func() error) error {
	if err := s.controller.SetWriteDeadline(time.Now().Add(streamWriteTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return s.controller.Flush()
}
