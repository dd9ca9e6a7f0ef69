package vitals

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const podUID = "pod-uid"

var (
	secretHash = strings.Repeat("ab", 32)
	podIP      = netip.MustParseAddr("10.0.0.7")
)

// cluster is what a Monitor sees of one: pods to look up, and addresses that answer. Its connections are pipes, so that
// tests in a bubble of testing/synctest have no other clock than theirs.
type cluster struct {
	t *testing.T

	mu       sync.Mutex
	handlers map[string]http.Handler
	dialled  []string
	lookups  []time.Time
	// noPods makes lookups fail.
	noPods error
}

// newCluster has one pod, whose runner reports usage and whose application answers health checks.
func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t, handlers: map[string]http.Handler{}}
	c.answer("10.0.0.7:2999", c.runner("uid", func() runnerapi.Usage {
		now := time.Now().UnixMicro()
		return runnerapi.Usage{MemoryBytes: 100 << 20, CPUMicros: now / 4, At: now}
	}))
	c.answer("10.0.0.7:3001", c.application())
	return c
}

func (c *cluster) answer(address string, handler http.Handler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handlers[address] = handler
}

func (c *cluster) refuse(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.handlers, address)
}

// count tells how often an address was dialled, or any when it is empty.
func (c *cluster) count(address string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, dialled := range c.dialled {
		if address == "" || dialled == address {
			n++
		}
	}
	return n
}

// Identity implements Pods.
func (c *cluster) Identity(_ context.Context, namespace, podName string) (Identity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lookups = append(c.lookups, time.Now())
	if namespace != "previews" || !strings.HasPrefix(podName, "pod") {
		return Identity{}, errors.New("not found")
	}
	return Identity{PodUID: podUID, SecretHash: secretHash}, c.noPods
}

// unanswered is a handler for addresses that drop what is sent to them.
var unanswered http.Handler

func (c *cluster) dial(ctx context.Context, _, address string) (net.Conn, error) {
	c.mu.Lock()
	handler, ok := c.handlers[address]
	c.dialled = append(c.dialled, address)
	c.mu.Unlock()
	if !ok {
		return nil, errors.New("connection refused")
	}
	if handler == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ours, theirs := net.Pipe()
	// Ends after this one connection, which goes on.
	go func() { _ = http.Serve(&single{conn: theirs}, handler) }()
	return ours, nil
}

// single is a listener of one connection.
type single struct{ conn net.Conn }

func (l *single) Accept() (net.Conn, error) {
	conn := l.conn
	if conn == nil {
		return nil, io.EOF
	}
	l.conn = nil
	return conn, nil
}
func (l *single) Close() error   { return nil }
func (l *single) Addr() net.Addr { return &net.TCPAddr{} }

// runner answers for an assignment as internal/runner does.
func (c *cluster) runner(assignmentID string, usage func() runnerapi.Usage) http.Handler {
	token, err := runnerapi.ObserverToken(secretHash, podUID)
	if err != nil {
		c.t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.String() != runnerapi.PathUsage || request.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer := usage()
		answer.AssignmentID = assignmentID
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// application answers health checks as the runner makes applications do.
func (c *cluster) application() http.Handler {
	token, err := runnerapi.HealthToken(secretHash, podUID)
	if err != nil {
		c.t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet && request.URL.String() == runnerapi.PathHealth && request.Header.Get(runnerapi.HeaderHealth) == token {
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

// hangs never answers.
var hangs = http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() })

func (c *cluster) monitor(change ...func(*Options)) *Monitor {
	c.t.Helper()
	options := Options{Pods: c, Dial: c.dial}
	for _, change := range change {
		change(&options)
	}
	m, err := New(options)
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func target() Target {
	return Target{InstanceUID: "uid", Namespace: "previews", PodName: "pod-abc", PodIP: podIP, Port: 3001}
}
