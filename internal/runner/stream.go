package runner

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// batchBytes is about what a stream writes at once.
	batchBytes = 64 << 10
	// flushEvery bounds how often a stream is written to: the first line after a pause at once, those that follow together.
	flushEvery = 5 * time.Millisecond
	// streamTimeout is how long a write to a stream may take: a collector that does not read is given up.
	streamTimeout = 10 * time.Second
)

// journalReader is one stream's place in the journal.
type journalReader struct {
	journal *journal
	place   place
	buffer  []byte
}

// next returns frames, and whether they end the stream. Without frames, changed is closed when there are some.
func (r *journalReader) next() (frames []byte, ended bool, changed <-chan struct{}) {
	j := r.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.begun {
		return nil, false, waitOn(&j.changed)
	}
	r.buffer = r.buffer[:0]
	if oldest := j.ring.oldest(); r.place.next < oldest {
		r.append(runnerapi.Frame{Gap: &runnerapi.Gap{From: r.place.next, To: oldest - 1}})
		r.place = place{next: oldest}
	}
	j.ring.read(&r.place, func(seq uint64, nanos int64, text []byte, partial bool) bool {
		r.buffer = runnerapi.AppendLineFrame(r.buffer, seq, nanos, text, partial)
		return len(r.buffer) < batchBytes
	})
	if j.closed && r.place.next == j.ring.next {
		r.append(runnerapi.Frame{End: true, Last: j.ring.next - 1})
		return r.buffer, true, nil
	}
	if len(r.buffer) == 0 {
		changed = waitOn(&j.changed)
	}
	return r.buffer, false, changed
}

func (r *journalReader) append(frame runnerapi.Frame) {
	// A frame of numbers.
	data, _ := json.Marshal(frame)
	r.buffer = append(append(r.buffer, data...), '\n')
}

// streamJournal sends the journal after a line, until the application has ended and everything was sent.
func (r *Runner) streamJournal(w http.ResponseWriter, request *http.Request) {
	after, err := strconv.ParseUint(request.URL.Query().Get(runnerapi.QueryAfter), 10, 63)
	if err != nil {
		refuse(w, errors.New(runnerapi.QueryAfter+" must be the number of a line, or 0"))
		return
	}
	reader, err := r.journal.follow(after)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestedRangeNotSatisfiable)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	controller := http.NewResponseController(w)
	send := func(frames []byte) error {
		return errors.Join(controller.SetWriteDeadline(time.Now().Add(streamTimeout)), writeAll(w, frames), controller.Flush())
	}
	if send(nil) != nil {
		return
	}
	for {
		frames, ended, changed := reader.next()
		switch {
		case changed != nil:
			if !awaitLines(request, changed, send) {
				return
			}
		case send(frames) != nil || ended:
			return
		case len(frames) < batchBytes:
			time.Sleep(flushEvery)
		}
	}
}

// awaitLines waits for lines, with heartbeats. It reports whether the stream goes on.
func awaitLines(request *http.Request, changed <-chan struct{}, send func([]byte) error) bool {
	heartbeat := time.NewTicker(runnerapi.HeartbeatEvery)
	defer heartbeat.Stop()
	for {
		select {
		case <-changed:
			return true
		case <-heartbeat.C:
			if send([]byte("{}\n")) != nil {
				return false
			}
		case <-request.Context().Done():
			return false
		}
	}
}

func writeAll(w http.ResponseWriter, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	_, err := w.Write(data)
	return err
}

func (r *Runner) ackJournal(w http.ResponseWriter, request *http.Request) {
	setReadDeadline(w, headerTimeout)
	var ack runnerapi.Ack
	if err := json.NewDecoder(http.MaxBytesReader(w, request.Body, runnerapi.MaxAckBytes)).Decode(&ack); err != nil {
		refuse(w, err)
		return
	}
	if err := r.journal.ack(ack.Seq); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
