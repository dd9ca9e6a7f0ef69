package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	runUID   = "run"
	patience = time.Minute
)

// memory is a store with the rule that counts: of two lines with one number, the first is stored.
type memory struct {
	mu     sync.Mutex
	lines  []store.LogLine
	seen   map[string]bool
	states map[string]store.LogState
	calls  int
	// runs were recorded, after refuse attempts have failed.
	runs   []store.Run
	refuse int
	// recorded is what was recorded before.
	recorded *store.Run
	// before and after are called around each insertion, with its lines, and may fail it.
	before, after func(lines []store.LogLine) error
}

func newMemory() *memory {
	return &memory{seen: map[string]bool{}, states: map[string]store.LogState{}}
}

func (m *memory) AppendLogs(_ context.Context, lines []store.LogLine) (added int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.before != nil {
		if err := m.before(lines); err != nil {
			return 0, err
		}
	}
	for _, line := range lines {
		key := fmt.Sprint(line.RunUID, line.Source, line.Seq)
		if m.seen[key] {
			continue
		}
		m.seen[key] = true
		line.ID = int64(len(m.lines) + 1)
		m.lines = append(m.lines, line)
		added++
	}
	if m.after != nil {
		return added, m.after(lines)
	}
	return added, nil
}

func (m *memory) PutLogState(_ context.Context, runUID string, state store.LogState) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.states[runUID] = state
	return nil
}

func (m *memory) of(runUID string, source store.Source) (lines []store.LogLine) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, line := range m.lines {
		if line.RunUID == runUID && line.Source == source {
			lines = append(lines, line)
		}
	}
	return lines
}

func (m *memory) LastSeq(_ context.Context, runUID string, source store.Source) (last int64, err error) {
	for _, line := range m.of(runUID, source) {
		last = max(last, line.Seq)
	}
	return last, nil
}

func (m *memory) Logs(_ context.Context, query store.LogQuery) ([]store.LogLine, int64, error) {
	lines := m.of(query.RunUID, query.Source)
	if !query.Tail {
		return lines[:min(len(lines), query.Limit)], 0, nil
	}
	return lines[max(len(lines)-query.Limit, 0):], 0, nil
}

func (m *memory) Run(_ context.Context, uid string) (store.Run, error) {
	lines := m.of(uid, store.SourceSubprocess)
	if m.recorded != nil {
		return *m.recorded, nil
	}
	return store.Run{UID: uid, Log: store.RunLog{LogState: m.state(uid), Lines: int64(len(lines))}}, nil
}

func (m *memory) PutRun(_ context.Context, run store.Run) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse > 0 {
		m.refuse--
		return false, errCrash
	}
	m.runs = append(m.runs, run)
	return true, nil
}

func (m *memory) state(runUID string) store.LogState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.states[runUID]
}

// fakeRunner is the other end of the protocol, scripted: it has printed what texts says, and holds what comes after dropped.
type fakeRunner struct {
	*httptest.Server
	secret runnerapi.Secret

	mu      sync.Mutex
	texts   []string
	at      func(seq int) time.Time
	dropped uint64
	ended   bool
	acked   uint64
	opened  int
	changed chan struct{}
	// cutAfter ends a stream after so many lines, 0 for never.
	cutAfter int
	gone     bool
	onAck    func(seq uint64)
}

func newFakeRunner(t *testing.T) *fakeRunner {
	t.Helper()
	secret, err := runnerapi.DeriveSecret(bytes.Repeat([]byte{1}, 32), "previews", "pod")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeRunner{secret: secret, changed: make(chan struct{}), at: func(seq int) time.Time { return time.Unix(1000+int64(seq), 0) }}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+runnerapi.PathHello, f.hello)
	mux.HandleFunc("GET "+runnerapi.PathJournal, f.journal)
	mux.HandleFunc("POST "+runnerapi.PathJournalAck, f.ack)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeRunner) run() Run {
	return Run{UID: runUID, Namespace: "previews", Since: time.Unix(900, 0).UTC(), Target: handover.Target{
		PodName: "pod", PodUID: "uid", Address: f.Listener.Addr().String(), Secret: f.secret,
	}}
}

func (f *fakeRunner) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fakeRunner) print(texts ...string) {
	f.change(func() { f.texts = append(f.texts, texts...) })
}
func (f *fakeRunner) end() { f.change(func() { f.ended = true }) }

// die ends the runner without an end of its journal.
func (f *fakeRunner) die() {
	f.change(func() { f.gone = true })
	f.CloseClientConnections()
}

func (f *fakeRunner) get() fakeRunner {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fakeRunner{acked: f.acked, opened: f.opened}
}

func (f *fakeRunner) isGone() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gone
}

func (f *fakeRunner) hello(w http.ResponseWriter, r *http.Request) {
	if f.isGone() {
		panic(http.ErrAbortHandler)
	}
	var hello runnerapi.Hello
	_ = json.NewDecoder(r.Body).Decode(&hello)
	reply, _ := runnerapi.Prove(f.secret.Hash(), "uid", hello)
	_ = json.NewEncoder(w).Encode(reply)
}

func (f *fakeRunner) ack(w http.ResponseWriter, r *http.Request) {
	var ack runnerapi.Ack
	_ = json.NewDecoder(r.Body).Decode(&ack)
	f.change(func() { f.acked = max(f.acked, ack.Seq) })
	if f.onAck != nil {
		f.onAck(ack.Seq)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *fakeRunner) journal(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseUint(r.URL.Query().Get(runnerapi.QueryAfter), 10, 64)
	f.change(func() { f.opened++ })
	flush := http.NewResponseController(w).Flush
	_ = flush()
	send := func(frame runnerapi.Frame) {
		_ = json.NewEncoder(w).Encode(frame)
		_ = flush()
	}
	for sent := 0; ; {
		f.mu.Lock()
		texts, dropped, ended, gone, changed, cut := f.texts, f.dropped, f.ended, f.gone, f.changed, f.cutAfter
		f.mu.Unlock()
		if gone || cut > 0 && sent >= cut {
			panic(http.ErrAbortHandler)
		}
		var batch []byte
		if after < dropped {
			gap, _ := json.Marshal(runnerapi.Frame{Gap: &runnerapi.Gap{From: after + 1, To: dropped}})
			batch = append(gap, '\n')
			after = dropped
		}
		for after < uint64(len(texts)) && (cut == 0 || sent < cut) {
			batch = runnerapi.AppendLineFrame(batch, after+1, f.at(int(after+1)).UnixNano(), []byte(texts[after]), false)
			after++
			sent++
		}
		if len(batch) > 0 {
			_, _ = w.Write(batch)
			_ = flush()
			continue
		}
		if ended {
			send(runnerapi.Frame{End: true, Last: after})
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// fakePods is what Kubernetes says.
type fakePods struct {
	mu    sync.Mutex
	state PodState
	log   string
	fails int
}

func (p *fakePods) set(state PodState, log string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.log = state, log
}

func (p *fakePods) State(context.Context, Run) (PodState, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails > 0 {
		p.fails--
		return PodGone, errors.New("the API server is away")
	}
	return p.state, nil
}

func (p *fakePods) Log(context.Context, Run) (io.ReadCloser, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == PodGone {
		return nil, errors.New("no such pod")
	}
	return io.NopCloser(strings.NewReader(p.log)), nil
}

// logOf is the log of a container that has these lines, of which the first has the number given.
func (f *fakeRunner) logOf(first int, texts []string) string {
	var out strings.Builder
	for i, text := range texts {
		// The container runtime reads them a moment later.
		fmt.Fprintf(&out, "%s %s\n", f.at(first+i).Add(300*time.Millisecond).UTC().Format(time.RFC3339Nano), text)
	}
	return out.String()
}

func newCollector(t testing.TB, m Store, pods Pods) *Collector {
	t.Helper()
	client, err := handover.New(handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{Store: m, Pods: pods, Journals: client, Logger: slog.New(slog.DiscardHandler), RetryMin: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// finished waits for the end of a log.
func finished(t *testing.T, c *Collector) {
	t.Helper()
	c.mu.Lock()
	f := c.followers[runUID]
	c.mu.Unlock()
	select {
	case <-f.done:
	case <-time.After(patience):
		t.Fatal("the log was not read to its end")
	}
	if f.first != nil || f.known != nil {
		t.Errorf("lines of a run that is done are kept: %v, %d more", f.first, len(f.known))
	}
}

// numbered are the texts of lines.
func numbered(from, to int) (texts []string) {
	for n := from; n <= to; n++ {
		texts = append(texts, "line "+strconv.Itoa(n))
	}
	return texts
}

// expect holds the stored lines of the application against what was printed, but for lost ones.
func (m *memory) expect(t *testing.T, texts []string, lost ...int) {
	t.Helper()
	lines := m.of(runUID, store.SourceSubprocess)
	next := 0
	for n, text := range texts {
		if slices.Contains(lost, n+1) {
			continue
		}
		if next == len(lines) {
			t.Fatalf("%d lines are stored, line %d %q is not", len(lines), n+1, text)
		}
		if got := lines[next]; got.Seq != int64(n+1) || got.Message != text {
			t.Fatalf("stored as number %d: %d %q, want %d %q", next+1, got.Seq, got.Message, n+1, text)
		}
		next++
	}
	if next != len(lines) {
		t.Fatalf("%d lines are stored, want %d", len(lines), next)
	}
}
