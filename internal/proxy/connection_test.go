package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/codebegen/preview-operator/test/support"
)

// accepting is an application that answers each request with its body, and counts connections and requests.
func accepting(t *testing.T) (address string, connections, requests *atomic.Int32) {
	t.Helper()
	connections, requests = &atomic.Int32{}, &atomic.Int32{}
	address = listen(t, func(conn net.Conn) {
		connections.Add(1)
		reader := bufio.NewReader(conn)
		for {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			requests.Add(1)
			body, _ := io.ReadAll(request.Body)
			response := http.Response{
				StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body)), Request: request,
				Body: io.NopCloser(bytes.NewReader(body)),
			}
			if err := response.Write(conn); err != nil {
				return
			}
		}
	})
	return address, connections, requests
}

// Nothing is sent by connecting; what is sent then goes over that very connection, which is kept for what follows.
func TestConnectionIsUsedOnceAndKept(t *testing.T) {
	address, connections, requests := accepting(t)
	f := newForwarder(t, nil)
	target := targetAt(t, address, "a")
	connection, err := f.Connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	request := mustRequest(t, Envelope{Method: "POST", Path: "/", Body: []byte("once")})
	response, err := f.DoOver(t.Context(), connection, request)
	if err != nil || string(response.Body) != "once" {
		t.Fatalf("%v, %q", err, response.Body)
	}
	if _, err := f.Do(t.Context(), target, request); err != nil {
		t.Fatal(err)
	}
	if connections.Load() != 1 || requests.Load() != 2 {
		t.Errorf("%d connections and %d requests, want 1 and 2", connections.Load(), requests.Load())
	}
}

// A connection that nothing is sent over, because one from before is free or because there is no request after all, is
// closed.
func TestConnectionsThatAreNotNeededAreClosed(t *testing.T) {
	unused := make(chan error, 1)
	address := listen(t, func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		for served := 0; ; served++ {
			if _, err := http.ReadRequest(reader); err != nil {
				if served == 0 {
					unused <- err
				}
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	f := newForwarder(t, nil)
	target := targetAt(t, address, "a")
	request := mustRequest(t, Envelope{Method: "GET", Path: "/"})
	if _, err := f.Do(t.Context(), target, request); err != nil {
		t.Fatal(err)
	}
	for name, use := range map[string]func(*Connection) error{
		"one is free": func(c *Connection) error { _, err := f.DoOver(t.Context(), c, request); return err },
		"no request":  func(c *Connection) error { c.Close(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := f.Connect(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if err := use(connection); err != nil {
				t.Fatal(err)
			}
			if err := <-unused; !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		})
	}
}

func TestConnectFailures(t *testing.T) {
	target := targetAt(t, support.FreeAddress(t), "a")
	f := newForwarder(t, nil)
	if _, err := f.Connect(t.Context(), target); !errors.Is(err, ErrRefused) {
		t.Errorf("nothing listens: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Connect(gone, target); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller has gone: %v", err)
	}
	target.Host, target.IP = "", netip.Addr{}
	if _, err := f.Connect(t.Context(), target); !errors.Is(err, ErrBroken) {
		t.Errorf("nowhere: %v", err)
	}
}
