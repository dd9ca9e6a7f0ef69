package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/codebegen/preview-operator/internal/client"
)

// player plays the application behind the local port.
type player func(context.Context, client.Envelope) (client.Reply, error)

func (p player) Request(ctx context.Context, e client.Envelope) (client.Reply, error) {
	return p(ctx, e)
}

const localAddress = "127.0.0.1:8000"

// ask sends the local proxy a request.
func ask(play player, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	newLocalProxy(play, localAddress, "http://pod-1.previews.svc:3001").ServeHTTP(recorder, request)
	return recorder
}

func localRequest(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = localAddress
	return r
}

func TestLocalProxy(t *testing.T) {
	var got client.Envelope
	r := localRequest("POST", "/a%2Fb//c?x=1&x=2", "\xff\x00")
	r.Header.Set("Cookie", "a=b")
	r.Header.Add("X-Many", "1")
	r.Header.Add("X-Many", "2")
	response := ask(func(_ context.Context, e client.Envelope) (client.Reply, error) {
		got = e
		return client.Reply{
			StatusCode: 201, Body: []byte("\x00\xff"), SetCookie: []string{"s=1", "t=2"},
			Headers: map[string]string{
				"content-type": "image/x", "set-cookie": "s=1, t=2", "connection": "close, x-a", "transfer-encoding": "chunked", "content-length": "7",
				"location": "http://pod-1.previews.svc:3001/new?y=1#z",
			},
		}, nil
	}, r)
	want := client.Envelope{
		Method: "POST", Path: "/a%2Fb//c?x=1&x=2", Body: []byte("\xff\x00"),
		Headers: map[string][]string{"Cookie": {"a=b"}, "X-Many": {"1", "2"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
	if response.Body.String() != "\x00\xff" || response.Code != http.StatusCreated {
		t.Errorf("%d %q", response.Code, response.Body)
	}
	wantHeader := http.Header{"Content-Type": {"image/x"}, "Set-Cookie": {"s=1", "t=2"}, "Location": {"/new?y=1#z"}}
	if diff := cmp.Diff(wantHeader, response.Header()); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestLocalProxyAnswersItself(t *testing.T) {
	never := func(context.Context, client.Envelope) (client.Reply, error) {
		return client.Reply{}, errors.New("it was asked")
	}
	fails := func(err error) player {
		return func(context.Context, client.Envelope) (client.Reply, error) { return client.Reply{}, err }
	}
	with := func(change func(*http.Request)) *http.Request {
		r := localRequest("GET", "/", "")
		change(r)
		return r
	}
	tests := map[string]struct {
		play    player
		request *http.Request
		status  int
		body    string
	}{
		"another host (DNS rebinding)": {never, with(func(r *http.Request) { r.Host = "evil.example:8000" }), 421, "127.0.0.1 and localhost"},
		"another port":                 {never, with(func(r *http.Request) { r.Host = "127.0.0.1:80" }), 421, "127.0.0.1"},
		"no host":                      {never, with(func(r *http.Request) { r.Host = "" }), 421, "127.0.0.1"},
		"WebSocket":                    {never, with(func(r *http.Request) { r.Header.Set("Upgrade", "websocket") }), 501, "WebSockets"},
		"body too large":               {never, localRequest("POST", "/", strings.Repeat("x", maxRequestBody+1)), 413, "8388608"},
		"not running": {
			fails(&client.Error{Status: 409, Title: "The preview is not running"}), localRequest("GET", "/", ""), 409, "kubectl preview: The preview is not running (HTTP 409)",
		},
		"gateway out of reach": {fails(errors.New("refused")), localRequest("GET", "/", ""), 502, "refused"},
		"status that is none": {
			func(context.Context, client.Envelope) (client.Reply, error) {
				return client.Reply{StatusCode: 100}, nil
			}, localRequest("GET", "/", ""), 502, "status 100",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			response := ask(tt.play, tt.request)
			if response.Code != tt.status || !strings.Contains(response.Body.String(), tt.body) {
				t.Errorf("%d %s, want %d and %q", response.Code, response.Body, tt.status, tt.body)
			}
			if got := response.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
	t.Run("localhost", func(t *testing.T) {
		ok := func(context.Context, client.Envelope) (client.Reply, error) {
			return client.Reply{StatusCode: 200}, nil
		}
		if response := ask(ok, with(func(r *http.Request) { r.Host = "localhost:8000" })); response.Code != 200 {
			t.Errorf("status %d", response.Code)
		}
	})
	t.Run("redirects elsewhere are left alone", func(t *testing.T) {
		for _, location := range []string{"http://evil.example/x", "/x", "https://pod-1.previews.svc/x", ""} {
			play := func(context.Context, client.Envelope) (client.Reply, error) {
				return client.Reply{StatusCode: 302, Headers: map[string]string{"location": location}}, nil
			}
			if got := ask(play, localRequest("GET", "/", "")).Header().Get("Location"); got != location {
				t.Errorf("got %q, want %q", got, location)
			}
		}
	})
}

func TestLocalProxyIsBounded(t *testing.T) {
	const requests = 3 * maxLocalRequests
	var within, most atomic.Int32
	busy, release := make(chan struct{}), make(chan struct{})
	proxy := newLocalProxy(player(func(context.Context, client.Envelope) (client.Reply, error) {
		now := within.Add(1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			continue
		}
		busy <- struct{}{}
		<-release
		within.Add(-1)
		return client.Reply{StatusCode: 200}, nil
	}), localAddress, "")
	done := make(chan int, requests)
	for range requests {
		go func() {
			recorder := httptest.NewRecorder()
			proxy.ServeHTTP(recorder, localRequest("GET", "/", ""))
			done <- recorder.Code
		}()
	}
	for range maxLocalRequests {
		<-busy
	}
	// One more has no turn, and is answered when its client goes.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorder := httptest.NewRecorder()
	proxy.ServeHTTP(recorder, localRequest("GET", "/", "").WithContext(ctx))
	if recorder.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", recorder.Code)
	}
	for range requests - maxLocalRequests {
		release <- struct{}{}
		<-busy
	}
	close(release)
	for range requests {
		if code := <-done; code != http.StatusOK {
			t.Errorf("status %d", code)
		}
	}
	if most.Load() != maxLocalRequests {
		t.Errorf("%d at once, want %d", most.Load(), maxLocalRequests)
	}
}

func TestOpen(t *testing.T) {
	g := newGateway(t)
	g.running("shop", object{"status_code": 200, "body": "<h1>Shop</h1>", "headers": object{"content-type": "text/html"}})
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	a := &app{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: writer, ErrOut: io.Discard},
		lookup: func(name string) (string, bool) {
			value, ok := map[string]string{"PREVIEW_GATEWAY": g.server.URL, "PREVIEW_TOKEN": bearer}[name]
			return value, ok
		},
	}
	code := make(chan int, 1)
	go func() {
		code <- a.run(ctx, []string{"open", "shop"})
		_ = writer.Close()
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, found := strings.CutPrefix(strings.Fields(line)[3], "http://")
	if !found || !strings.HasPrefix(address, "127.0.0.1:") {
		t.Fatalf("printed %q", line)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("http://" + address + "/books?x=1")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || string(body) != "<h1>Shop</h1>" || response.Header.Get("Content-Type") != "text/html" {
		t.Errorf("%q %v, %v", body, response.Header, err)
	}
	cancel()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	want := []string{"GET " + base + "shop/preview/status", "POST " + base + "shop/preview/token", "POST " + base + "shop/preview/request"}
	if diff := cmp.Diff(want, g.seen(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestOpenWhatDoesNotRun(t *testing.T) {
	g := newGateway(t)
	g.answers("GET "+base+"shop/preview/status", http.StatusOK, state("shop", "stopped", nil))
	if r := g.run("open", "shop"); r.code != exitFailed || !strings.Contains(r.errOut, "shop is stopped, not running: launch it first") {
		t.Errorf("%+v", r)
	}
}
