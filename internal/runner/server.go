package runner

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	headerTimeout = 5 * time.Second
	// uploadTimeout bounds the arrival of an assignment and its code.
	uploadTimeout = 60 * time.Second
	idleTimeout   = 60 * time.Second
	maxHeader     = 16 << 10
	// maxConnections at once. The application can reach this port too, and must not exhaust our descriptors.
	maxConnections = 64
	// readyPatience is the longest that a question whether the runner is ready waits for the answer.
	readyPatience = 10 * time.Second
)

func (r *Runner) server() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+runnerapi.PathHello, r.hello)
	mux.HandleFunc("POST "+runnerapi.PathStage, r.authorised(r.takeStage))
	mux.HandleFunc("POST "+runnerapi.PathRun, r.authorised(r.takeRun))
	mux.HandleFunc("POST "+runnerapi.PathAssignment, r.authorised(r.takeAssignment))
	mux.HandleFunc("GET "+runnerapi.PathState, r.authorised(r.state))
	mux.HandleFunc("GET "+runnerapi.PathJournal, r.authorised(r.streamJournal))
	mux.HandleFunc("POST "+runnerapi.PathJournalAck, r.authorised(r.ackJournal))
	mux.HandleFunc("GET "+runnerapi.PathUsage, r.observed(r.usage))
	mux.HandleFunc("GET "+runnerapi.PathHealthz, func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET "+runnerapi.PathReadyz, r.readyz)
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// The log is the application's.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func (r *Runner) hello(w http.ResponseWriter, request *http.Request) {
	setReadDeadline(w, headerTimeout)
	var hello runnerapi.Hello
	if err := json.NewDecoder(http.MaxBytesReader(w, request.Body, runnerapi.MaxHelloBytes)).Decode(&hello); err != nil {
		refuse(w, err)
		return
	}
	reply, err := runnerapi.Prove(r.options.SecretHash, r.options.PodUID, hello)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, reply)
}

// authorised lets only those through who show the secret of this pod.
func (r *Runner) authorised(next http.HandlerFunc) http.HandlerFunc {
	return guarded("the pod's secret is needed", next, func(token string) bool {
		return runnerapi.Secret(token).Matches(r.options.SecretHash)
	})
}

// observed lets only those through who show the observer token of this pod, which opens nothing else.
func (r *Runner) observed(next http.HandlerFunc) http.HandlerFunc {
	return guarded("the pod's observer token is needed", next, func(token string) bool {
		return subtle.ConstantTimeCompare([]byte(token), []byte(r.observer)) == 1
	})
}

func guarded(refusal string, next http.HandlerFunc, opens func(token string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		token, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		if !ok || !opens(token) {
			http.Error(w, refusal, http.StatusUnauthorized)
			return
		}
		next(w, request)
	}
}

// readyz answers at once or, when asked to wait, as soon as an application would not have to wait for the interpreter any
// more: on a node that starts many pods that takes a while, and a question every few milliseconds would make it take longer.
func (r *Runner) readyz(w http.ResponseWriter, request *http.Request) {
	reached := r.preloaded
	if request.URL.Query().Has(runnerapi.QueryWait) {
		reached = r.usable
		r.wait(request, reached.done)
	}
	if reached.isDone() || r.hasJob() {
		return
	}
	http.Error(w, "the interpreter is loading", http.StatusServiceUnavailable)
}

// wait waits for a milestone as long as there is a reason to, and for readyPatience at the most.
func (r *Runner) wait(request *http.Request, done <-chan struct{}) {
	timer := time.NewTimer(readyPatience)
	defer timer.Stop()
	select {
	case <-done:
	case <-r.waiting.done:
	case <-request.Context().Done():
	case <-timer.C:
	}
}

// state answers at once or, when asked to wait, when there is an end to being idle or nothing left to load.
func (r *Runner) state(w http.ResponseWriter, request *http.Request) {
	if request.URL.Query().Has(runnerapi.QueryWait) {
		r.wait(request, r.preloaded.done)
	}
	answer(w, r.result())
}

// usage reads a handful of small files, each time it is asked.
func (r *Runner) usage(w http.ResponseWriter, _ *http.Request) {
	memory, memoryErr := r.group.workingSet()
	limit, processes := r.group.memoryLimit(), r.group.processes()
	cpu, cpuErr := r.group.cpuMicros()
	// Right after the processor time, with which it makes rates.
	at := r.started.Add(time.Since(r.started)).UnixMicro()
	if memoryErr != nil || cpuErr != nil {
		http.Error(w, "the pod's control group cannot be read", http.StatusServiceUnavailable)
		return
	}
	answer(w, runnerapi.Usage{
		AssignmentID: r.result().AssignmentID,
		MemoryBytes:  memory, MemoryLimitBytes: limit, CPUMicros: cpu, At: at, Processes: processes,
	})
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// The status is sent already; whoever does not read this is gone.
	_ = json.NewEncoder(w).Encode(value)
}

// refuse answers a request that is itself at fault.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	http.Error(w, clean(err.Error()), status)
}

// setReadDeadline bounds reading the body; 0 removes the bound.
func setReadDeadline(w http.ResponseWriter, timeout time.Duration) {
	deadline := time.Time{}
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	// The connection of an http.Server takes deadlines.
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

// limitConnections accepts no more than maxConnections at once; others wait in the kernel's queue.
func limitConnections(listener net.Listener) net.Listener {
	return &limitedListener{Listener: listener, slots: make(chan struct{}, maxConnections)}
}

type limitedListener struct {
	net.Listener
	slots chan struct{}
}

func (l *limitedListener) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
