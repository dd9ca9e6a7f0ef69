package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podlogs"
	"github.com/codebegen/preview-operator/internal/sse"
)

const (
	// heartbeatEvery keeps proxies from closing a quiet stream.
	heartbeatEvery = 15 * time.Second
	// streamRetry is what clients are told to wait before they reconnect.
	streamRetry = 3 * time.Second
	// streamWriteTimeout ends a stream whose client does not read.
	streamWriteTimeout = 30 * time.Second
)

// logEvent is one line of a log.
type logEvent struct {
	Timestamp time.Time     `json:"timestamp"`
	Level     podlogs.Level `json:"level"`
	Message   string        `json:"message"`
	Source    string        `json:"source"`
	// Partial is set when the message goes on in the next event.
	Partial bool `json:"partial,omitempty"`
}

// endEvent tells why a stream ends. After ended and no-pod there is nothing to come.
type endEvent struct {
	Reason string `json:"reason"`
}

// The reasons of an endEvent.
const (
	endOfLog      = "ended"
	endNoPod      = "no-pod"
	endOfToken    = "token-expired"
	endOfShutdown = "shutdown"
)

// gapEvent tells of lines that this viewer has lost; null when their number is not known.
type gapEvent struct {
	Lost *uint64 `json:"lost"`
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
	p, pvi, err := a.viewer(c, query)
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
	s := &logStream{api: a, controller: http.NewResponseController(c.Writer), events: sse.NewWriter(c.Writer), pvi: pvi, ended: streamGone}
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
	if err := s.run(ctx, after); err != nil {
		a.logger.Debug("a log stream broke", "request_id", requestID(c), "error", err)
	}
	return reply{written: true}, nil
}

// logStream is one viewer's stream.
type logStream struct {
	api        *API
	controller *http.ResponseController
	events     *sse.Writer
	pvi        *v1alpha1.PreviewInstance
	// ended is why the stream ended.
	ended string
}

// run streams until the log or ctx ends. The error is that of a write: the client has gone.
func (s *logStream) run(ctx context.Context, after *podlogs.Cursor) error {
	if err := s.send(func() error { return s.events.Retry(streamRetry) }); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan podlogs.Batch)
	ended := make(chan string, 1)
	go func() { ended <- s.read(ctx, after, batches) }()
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
		s.api.activity.touch(s.pvi)
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

// read hands over what the pod prints, once there is a pod, and says why it ended.
func (s *logStream) read(ctx context.Context, after *podlogs.Cursor, batches chan<- podlogs.Batch) string {
	defer close(batches)
	pod := s.awaitPod(ctx)
	if pod == "" {
		return reasonOf(ctx, endNoPod)
	}
	viewer := s.api.logs.View(pod, after)
	defer viewer.Close()
	for {
		batch, err := viewer.Next(ctx)
		if errors.Is(err, io.EOF) {
			return endOfLog
		}
		if err != nil {
			return reasonOf(ctx, endOfLog)
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
			return reasonOf(ctx, endOfLog)
		}
	}
}

// awaitPod waits until the instance has a pod, and returns nothing when it ends without one or takes too long.
func (s *logStream) awaitPod(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, s.api.settings.Current().PodStartTimeout)
	defer cancel()
	pvi, err := s.api.instances.WaitFor(ctx, s.pvi.Name, func(now *v1alpha1.PreviewInstance) bool {
		return now == nil || now.UID != s.pvi.UID || podHasRun(now) || now.Status.Phase.Finished()
	})
	if err != nil || pvi == nil || pvi.UID != s.pvi.UID {
		return ""
	}
	// The status of what was stopped names no pod any more.
	return cmp.Or(pvi.Status.PodName, s.api.kept.pod(pvi.UID))
}

// podHasRun reports whether the pod that the status names runs, or has. The name alone says little: it is written before
// the pod is created.
func podHasRun(pvi *v1alpha1.PreviewInstance) bool {
	pod := apimeta.FindStatusCondition(pvi.Status.Conditions, v1alpha1.ConditionPodReady)
	return pod != nil && (pod.Status == metav1.ConditionTrue || pod.Reason == v1alpha1.ReasonPodTerminated)
}

// reasonOf tells the end of the token from other reasons.
func reasonOf(ctx context.Context, otherwise string) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return endOfToken
	}
	return otherwise
}

func (s *logStream) batch(b podlogs.Batch) error {
	return s.send(func() error {
		if b.Gap != nil {
			if err := s.event("", "gap", gapEvent{Lost: b.Gap.Lost}); err != nil {
				return err
			}
		}
		for _, line := range b.Lines {
			event := logEvent{Timestamp: line.Time, Level: line.Level, Message: line.Text, Source: "subprocess", Partial: line.Partial}
			if err := s.event(line.Cursor().String(), "", event); err != nil {
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
