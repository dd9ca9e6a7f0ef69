package httpapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
)

// unreadable is a store that has gone away.
type unreadable struct{ GenerationStore }

func (unreadable) Ping(context.Context) error { return errors.New("canary: disk is gone") }

func (unreadable) Generation(context.Context, string) (store.Meta, error) {
	return store.Meta{}, errors.New("canary: disk is gone")
}

// served is a harness behind Serve instead of a test server.
type served struct {
	*harness
	stop context.CancelFunc
	done chan error
}

func newServed(t *testing.T) *served {
	t.Helper()
	s := &served{harness: newHarness(t, nil), done: make(chan error, 1)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	s.url = "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		s.done <- Serve(ctx, ServerOptions{
			Listener: listener, API: s.api, Logger: slog.New(slog.DiscardHandler), UnreadyFor: time.Millisecond, DrainTimeout: 10 * time.Second,
		})
		close(s.done)
	}()
	t.Cleanup(func() {
		stop()
		s.http.CloseIdleConnections()
		for err := range s.done {
			s.must(err)
		}
	})
	return s
}

func (s *served) rawStatus(request string) int {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.url[len("http://"):])
	s.must(err)
	defer conn.Close()
	s.must(conn.SetDeadline(time.Now().Add(support.Patience)))
	_, err = io.WriteString(conn, request)
	s.must(err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	s.must(err)
	defer response.Body.Close()
	return response.StatusCode
}

// On a signal streams are told to end, and a request under way is answered.
func TestShutdown(t *testing.T) {
	s := newServed(t)
	withPod(s.harness)
	s.launched("gen", "alice")
	logs := s.stream("gen", s.token("alice", auth.RoleUser), "")
	logs.expect("retry: 3000")

	started, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	address, _ := application(t, func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		<-released
		_, _ = io.WriteString(w, "finished")
	})
	t.Cleanup(release)
	s.cluster.setStatus(t, instanceName("gen"), runningAt(address))
	support.Eventually(s.t, "the preview runs", func() bool {
		pvi, err := s.api.instances.Cached(instanceName("gen"))
		return err == nil && pvi.Status.Phase == "Running"
	})
	token := decode[launchReply](s.harness, s.do(launchCall(s.harness, "gen", "alice", nil)), http.StatusOK).SessionToken
	under := make(chan answer, 1)
	go func() { under <- proxied(s.harness, "alice", token, `{"method":"GET","path":"/"}`) }()
	<-started
	s.stop()
	logs.expect("event: end\ndata: {\"reason\":\"shutdown\"}", "closed")
	release()
	if got := decode[requestReply](s.harness, <-under, http.StatusOK); got.Body != "finished" {
		t.Errorf("the request under way was answered %+v", got)
	}
	if err := <-s.done; err != nil {
		t.Errorf("serve: %v", err)
	}
	if conn, err := net.Dial("tcp", s.url[len("http://"):]); err == nil {
		_ = conn.Close()
		t.Error("the listener is still open")
	}
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	h := newHarness(t, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	h.must(listener.Close())
	err = Serve(t.Context(), ServerOptions{Listener: listener, API: h.api, Logger: slog.New(slog.DiscardHandler), DrainTimeout: time.Second})
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want net.ErrClosed", err)
	}
}

// Incident 22: what the store says about itself is for our log.
func TestIncidentStoreErrorsAreNotShown(t *testing.T) {
	h := newHarness(t, nil)
	h.api.store = unreadable{h.store}
	a := h.do(call{method: "GET", path: base + "gen", token: h.token("alice", auth.RoleUser)})
	if a.status != 500 || a.slug() != "internal" || len(a.body) == 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, text := range []string{"canary", "disk"} {
		if strings.Contains(string(a.body), text) {
			t.Errorf("the answer contains %q: %s", text, a.body)
		}
	}
}
