package handover

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// ErrBehind: the journal of the runner has not come as far as the line that it was asked to go on after.
var ErrBehind = errors.New("the journal has not come that far")

const (
	// silence is how long a stream may say nothing: three heartbeats.
	silence = 3 * runnerapi.HeartbeatEvery
	// maxBatch bounds the frames that Next returns at once.
	maxBatch = 512
	// maxSeq bounds the numbers of lines, so that a sum of two of them does not overflow.
	maxSeq = 1 << 62
)

// Journal is a stream of what one application prints. Next must not be called concurrently; Ack may be, beside it.
type Journal struct {
	client *Client
	target Target

	cancel    context.CancelFunc
	transport *http.Transport
	body      io.ReadCloser
	lines     *bufio.Reader
	// next is the number that the next line has to have, and ended set by the last frame.
	next  uint64
	ended bool

	acking sync.Mutex
	// acks is the connection of the acks, nil while there is none.
	acks *http.Transport
}

// OpenJournal begins to read the journal of a runner after a line, 0 for its beginning. It tries once: a runner that cannot
// be reached is ErrUnreachable, and may be gone. The stream lives until Close or until ctx ends.
func (c *Client) OpenJournal(ctx context.Context, target Target, after uint64) (*Journal, error) {
	if err := target.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	j := &Journal{client: c, target: target, cancel: cancel, next: after + 1}
	if err := j.open(ctx, after); err != nil {
		j.Close()
		return nil, j.explain(err)
	}
	return j, nil
}

func (t Target) check() error {
	if _, _, err := net.SplitHostPort(t.Address); err != nil {
		return fmt.Errorf("handover: pod %s: %w", t.PodName, err)
	}
	if t.PodUID == "" || t.Secret == "" {
		return fmt.Errorf("handover: pod %s: the UID and the secret must be known", t.PodName)
	}
	return nil
}

// proven returns a connection whose other end is the runner that is meant.
func (j *Journal) proven(ctx context.Context) (*http.Transport, error) {
	transport, err := j.client.connect(ctx, j.target.Address)
	if err != nil {
		return nil, err
	}
	if err := j.client.hello(ctx, transport, j.target); err != nil {
		transport.CloseIdleConnections()
		return nil, err
	}
	return transport, nil
}

func (j *Journal) open(ctx context.Context, after uint64) error {
	transport, err := j.proven(ctx)
	if err != nil {
		return err
	}
	j.transport = transport
	path := url(j.target, runnerapi.PathJournal) + "?" + runnerapi.QueryAfter + "=" + strconv.FormatUint(after, 10)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+string(j.target.Secret))
	// The headers come at once; what is not there by then is not coming.
	dead := time.AfterFunc(j.client.options.AttemptTimeout, j.cancel)
	defer dead.Stop()
	response, err := transport.RoundTrip(request) //nolint:bodyclose // it is closed by Close
	if err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	j.body = response.Body
	if response.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return ErrBehind
	}
	if err := statusError(response.StatusCode); err != nil {
		return err
	}
	j.lines = bufio.NewReaderSize(response.Body, runnerapi.MaxFrameBytes)
	return nil
}

// explain makes an error of this package of one of an attempt.
func (j *Journal) explain(err error) error {
	if errors.Is(err, errLost) {
		return fmt.Errorf("pod %s: %w: %w", j.target.PodName, ErrUnreachable, err)
	}
	return fmt.Errorf("pod %s: %w", j.target.PodName, err)
}

// Next waits for frames and returns those that have come: lines whose numbers follow each other but for gaps, which name
// what is between them, and heartbeats. Texts are valid UTF-8 and bounded; times are the runner's word. After the frame
// that is the End it fails with io.EOF, and with ErrUnreachable when the connection breaks or nothing is heard for three
// heartbeats.
func (j *Journal) Next() ([]runnerapi.Frame, error) {
	if j.ended {
		return nil, io.EOF
	}
	dead := time.AfterFunc(silence, j.cancel)
	defer dead.Stop()
	var frames []runnerapi.Frame
	for {
		frame, err := j.read()
		if err != nil {
			if len(frames) > 0 && errors.Is(err, errLost) {
				// It comes again.
				return frames, nil
			}
			return nil, j.explain(err)
		}
		frames = append(frames, frame)
		if j.ended || len(frames) == maxBatch || !j.holdsLine() {
			return frames, nil
		}
	}
}

// holdsLine reports whether a frame can be read without waiting.
func (j *Journal) holdsLine() bool {
	held, _ := j.lines.Peek(j.lines.Buffered())
	return bytes.IndexByte(held, '\n') >= 0
}

func (j *Journal) read() (runnerapi.Frame, error) {
	line, err := j.lines.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return runnerapi.Frame{}, fmt.Errorf("%w: a frame of more than %d bytes", ErrProtocol, runnerapi.MaxFrameBytes)
	case err != nil:
		return runnerapi.Frame{}, fmt.Errorf("%w: %w", errLost, err)
	}
	var frame runnerapi.Frame
	if err := json.Unmarshal(line, &frame); err != nil {
		return frame, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return j.accept(frame)
}

// accept holds a frame against the rules of the numbers.
func (j *Journal) accept(frame runnerapi.Frame) (runnerapi.Frame, error) {
	switch {
	case frame.Gap != nil:
		if frame.Gap.From != j.next || frame.Gap.To < frame.Gap.From || frame.Gap.To > maxSeq {
			return frame, fmt.Errorf("%w: a gap from line %d to %d before line %d", ErrProtocol, frame.Gap.From, frame.Gap.To, j.next)
		}
		j.next = frame.Gap.To + 1
		return runnerapi.Frame{Gap: frame.Gap}, nil
	case frame.End:
		if frame.Last != j.next-1 {
			return frame, fmt.Errorf("%w: the end is after line %d, not %d", ErrProtocol, j.next-1, frame.Last)
		}
		j.ended = true
		return runnerapi.Frame{End: true, Last: frame.Last}, nil
	case frame.Seq != 0:
		if frame.Seq != j.next || frame.Seq > maxSeq {
			return frame, fmt.Errorf("%w: line %d where %d should be", ErrProtocol, frame.Seq, j.next)
		}
		if len(frame.Text) > 3*runnerapi.MaxLineBytes {
			// A byte that is not UTF-8 becomes a character of three.
			return frame, fmt.Errorf("%w: a line of more than %d bytes", ErrProtocol, 3*runnerapi.MaxLineBytes)
		}
		j.next++
		return runnerapi.Frame{Seq: frame.Seq, Time: frame.Time, Text: runnerapi.CleanText(frame.Text), Partial: frame.Partial}, nil
	default:
		return runnerapi.Frame{}, nil
	}
}

// Ack tells the runner that the lines up to seq are stored for good. It tries once; a later Ack stands for this one, too.
func (j *Journal) Ack(ctx context.Context, seq uint64) error {
	j.acking.Lock()
	defer j.acking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, j.client.options.AttemptTimeout)
	defer cancel()
	if j.acks == nil {
		transport, err := j.proven(ctx)
		if err != nil {
			return j.explain(err)
		}
		j.acks = transport
	}
	err := j.ack(ctx, seq)
	if err != nil {
		j.acks.CloseIdleConnections()
		j.acks = nil
		return j.explain(err)
	}
	return nil
}

func (j *Journal) ack(ctx context.Context, seq uint64) error {
	body, err := json.Marshal(runnerapi.Ack{Seq: seq})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url(j.target, runnerapi.PathJournalAck), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+string(j.target.Secret))
	status, _, err := roundTrip(j.acks, request)
	if err != nil || status == http.StatusNoContent {
		return err
	}
	if err := statusError(status); err != nil {
		return err
	}
	return fmt.Errorf("%w: status %d to an ack", ErrProtocol, status)
}

// Close ends the stream.
func (j *Journal) Close() {
	j.cancel()
	if j.body != nil {
		_ = j.body.Close()
	}
	if j.transport != nil {
		j.transport.CloseIdleConnections()
	}
	j.acking.Lock()
	defer j.acking.Unlock()
	if j.acks != nil {
		j.acks.CloseIdleConnections()
		j.acks = nil
	}
}
