package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/codebegen/preview-operator/test/support"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// names is a Resolver.
type names map[string][]netip.Addr

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if addrs, ok := n[host]; ok {
		return addrs, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func newForwarder(t *testing.T, change func(*Options)) *Forwarder {
	t.Helper()
	opts := Options{Timeout: 10 * time.Second, LookupTimeout: time.Second, MaxResponseBytes: 1 << 20, Resolver: names{}}
	if change != nil {
		change(&opts)
	}
	f, err := NewForwarder(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// targetAt is a target on loopback.
func targetAt(t *testing.T, address, uid string) Target {
	t.Helper()
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return Target{InstanceUID: uid, Pod: "pod-" + uid, Host: "pod.previews.svc", IP: at.Addr(), Port: at.Port()}
}

func mustRequest(t *testing.T, e Envelope) Request {
	t.Helper()
	r, err := NewRequest(e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// listen serves each connection with serve.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer conn.Close(); serve(conn) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	return listener.Addr().String()
}

// What is asked for is what goes over the wire, byte by byte, and nothing is added but the framing.
func TestRequestIsCarriedExactly(t *testing.T) {
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	tests := map[string]struct {
		envelope Envelope
		want     string
	}{
		"escaped path": {
			Envelope{Method: "GET", Path: "/a%2Fb/%41/../{id}?x=%7e;y"},
			"GET /a%2Fb/%41/../{id}?x=%7e;y HTTP/1.1\r\nHost: pod.previews.svc:PORT\r\n\r\n",
		},
		"header, query and body": {
			Envelope{
				Method: "POST", Path: "/items", Query: map[string][]string{"n": {"1", "2"}},
				Header: map[string][]string{"content-type": {"text/plain; charset=x"}, "User-Agent": {"mine"}}, Body: []byte("hello"),
			},
			"POST /items?n=1&n=2 HTTP/1.1\r\nHost: pod.previews.svc:PORT\r\nUser-Agent: mine\r\nContent-Length: 5\r\nContent-Type: text/plain; charset=x\r\n\r\nhello",
		},
		"binary body": {
			Envelope{Method: "PUT", Path: "/", Body: binary},
			"PUT / HTTP/1.1\r\nHost: pod.previews.svc:PORT\r\nContent-Length: 256\r\n\r\n" + string(binary),
		},
		"GET with a body": {
			Envelope{Method: "GET", Path: "/", Body: []byte("q")},
			"GET / HTTP/1.1\r\nHost: pod.previews.svc:PORT\r\nContent-Length: 1\r\n\r\nq",
		},
		"OPTIONS": {
			Envelope{Method: "OPTIONS", Path: "/"},
			"OPTIONS / HTTP/1.1\r\nHost: pod.previews.svc:PORT\r\n\r\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			address := listen(t, func(conn net.Conn) {
				buf := make([]byte, 64<<10)
				text := ""
				for len(text) < len(tt.want) {
					n, err := conn.Read(buf)
					text += string(buf[:n])
					if err != nil {
						break
					}
				}
				got <- text
				_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			})
			target := targetAt(t, address, "a")
			if _, err := newForwarder(t, nil).Do(t.Context(), target, mustRequest(t, tt.envelope)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.ReplaceAll(tt.want, "PORT", fmt.Sprint(target.Port)), <-got); diff != "" {
				t.Errorf("on the wire (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResponseIsCarriedExactly(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "http://evil.example/", http.StatusFound)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{0x1f, 0x8b, 0xff})
		case "/many":
			w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "short and stout")
		case "/asked":
			_, _ = io.WriteString(w, r.Header.Get("Accept-Encoding"))
		}
	}))
	defer upstream.Close()
	target := targetAt(t, upstream.Listener.Addr().String(), "a")
	f := newForwarder(t, nil)
	get := func(method, path string) Response {
		r, err := f.Do(t.Context(), target, mustRequest(t, Envelope{Method: method, Path: path}))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := get("GET", "/redirect"); r.Status != http.StatusFound || r.Header.Get("Location") != "http://evil.example/" {
		t.Errorf("a redirect was followed or changed: %d %v", r.Status, r.Header)
	}
	if r := get("GET", "/gzip"); !bytes.Equal(r.Body, []byte{0x1f, 0x8b, 0xff}) || r.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("compressed body changed: %v %v", r.Body, r.Header)
	}
	if r := get("GET", "/many"); r.Status != http.StatusTeapot || string(r.Body) != "short and stout" || len(r.Header["Set-Cookie"]) != 2 || r.Elapsed <= 0 {
		t.Errorf("got %+v", r)
	}
	if r := get("HEAD", "/many"); len(r.Body) != 0 || r.Header.Get("Content-Length") != "15" {
		t.Errorf("HEAD: %+v", r)
	}
	if r := get("GET", "/asked"); len(r.Body) != 0 {
		t.Errorf("compression was asked for: %q", r.Body)
	}
}

func TestFailures(t *testing.T) {
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	after := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, text)
			}
		}
	}
	tests := map[string]struct {
		serve func(net.Conn)
		want  error
	}{
		"never answers":         {silent, ErrTimeout},
		"closes at once":        {func(net.Conn) {}, ErrBroken},
		"no HTTP":               {after("SSH-2.0-OpenSSH\r\n\r\n"), ErrBroken},
		"body cut short":        {after("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), ErrBroken},
		"body never ends":       {func(conn net.Conn) { after("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")(conn); silent(conn) }, ErrTimeout},
		"too large":             {after("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("a", 1001)), ErrTooLarge},
		"endless header":        {after("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 1<<20)), ErrBroken},
		"switches protocols":    {after("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), ErrBroken},
		"exactly as allowed":    {after("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("a", 1000)), nil},
		"two Content-Lengths":   {after("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), ErrBroken},
		"header without colons": {after("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), ErrBroken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newForwarder(t, func(o *Options) { o.Timeout, o.MaxResponseBytes = 300*time.Millisecond, 1000 })
			response, err := f.Do(t.Context(), targetAt(t, listen(t, tt.serve), "a"), mustRequest(t, Envelope{Method: "GET", Path: "/"}))
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if response.Elapsed <= 0 {
				t.Error("the time is not told")
			}
		})
	}
	t.Run("nothing listens", func(t *testing.T) {
		target := targetAt(t, support.FreeAddress(t), "a")
		if _, err := newForwarder(t, nil).Do(t.Context(), target, mustRequest(t, Envelope{Method: "GET", Path: "/"})); !errors.Is(err, ErrRefused) {
			t.Errorf("got %v, want ErrRefused", err)
		}
	})
	t.Run("caller has gone", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		address := listen(t, func(conn net.Conn) { cancel(); silent(conn) })
		if _, err := newForwarder(t, nil).Do(ctx, targetAt(t, address, "a"), mustRequest(t, Envelope{Method: "GET", Path: "/"})); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

// A request can bound its answer further, and not less.
func TestWithin(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") }))
	defer upstream.Close()
	f := newForwarder(t, func(o *Options) { o.MaxResponseBytes = 10 })
	request := mustRequest(t, Envelope{Method: "GET", Path: "/"})
	for bound, want := range map[int64]error{0: nil, 9: ErrTooLarge, 10: nil, 11: nil} {
		if _, err := f.Do(t.Context(), targetAt(t, upstream.Listener.Addr().String(), "a"), request.Within(bound)); !errors.Is(err, want) {
			t.Errorf("within %d: %v, want %v", bound, err, want)
		}
	}
	lower := newForwarder(t, func(o *Options) { o.MaxResponseBytes = 9 })
	if _, err := lower.Do(t.Context(), targetAt(t, upstream.Listener.Addr().String(), "a"), request.Within(100)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("beyond the forwarder's bound: %v", err)
	}
}

// The environment's proxy is not used: it would carry requests out of the cluster.
func TestNoProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer upstream.Close()
	target := targetAt(t, upstream.Listener.Addr().String(), "a")
	if _, err := newForwarder(t, nil).Do(t.Context(), target, mustRequest(t, Envelope{Method: "GET", Path: "/"})); err != nil {
		t.Error(err)
	}
}

func TestAddress(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer upstream.Close()
	loopback := targetAt(t, upstream.Listener.Addr().String(), "a").IP
	elsewhere := netip.MustParseAddr("127.0.0.99")
	tests := map[string]struct {
		names Resolver
		host  string
		ip    netip.Addr
		ok    bool
	}{
		"the address is known":               {unasked{t}, "pod", loopback, true},
		"the name resolves, no address":      {names{"pod.": {loopback}}, "pod", netip.Addr{}, true},
		"mapped answer":                      {names{"pod.": {netip.AddrFrom16(loopback.As16())}}, "pod", netip.Addr{}, true},
		"negative DNS cache":                 {names{}, "pod", loopback, true},
		"DNS does not answer":                {stuck{}, "pod", netip.Addr{}, false},
		"no name":                            {names{}, "", loopback, true},
		"DNS still has the pod before":       {names{"pod.": {elsewhere}}, "pod", loopback, true},
		"neither name nor address":           {names{}, "pod", netip.Addr{}, false},
		"answer without addresses":           {names{"pod.": nil}, "pod", netip.Addr{}, false},
		"search list must not be used":       {names{"pod": {loopback}}, "pod", netip.Addr{}, false},
		"a name with a final dot stays one ": {names{"pod.": {loopback}}, "pod.", netip.Addr{}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newForwarder(t, func(o *Options) { o.Resolver, o.LookupTimeout = tt.names, 20*time.Millisecond })
			target := targetAt(t, upstream.Listener.Addr().String(), "a")
			target.Host, target.IP = tt.host, tt.ip
			if _, err := f.Do(t.Context(), target, mustRequest(t, Envelope{Method: "GET", Path: "/"})); (err == nil) != tt.ok {
				t.Errorf("got %v, want success: %v", err, tt.ok)
			}
		})
	}
}

// unasked is a Resolver that must not be used.
type unasked struct{ t *testing.T }

func (u unasked) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	u.t.Errorf("DNS was asked for %s, whose address is known", host)
	return nil, errors.New("unasked")
}

// stuck is a Resolver that never answers.
type stuck struct{}

func (stuck) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Two previews may have had one address after the other. A connection belongs to one of them.
func TestConnectionsAreNotSharedBetweenPreviews(t *testing.T) {
	opened := make(chan string, 100)
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	upstream.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened <- conn.RemoteAddr().String()
		}
	}
	upstream.Start()
	defer upstream.Close()
	f := newForwarder(t, nil)
	do := func(target Target) {
		if _, err := f.Do(t.Context(), target, mustRequest(t, Envelope{Method: "GET", Path: "/"})); err != nil {
			t.Fatal(err)
		}
	}
	first := targetAt(t, upstream.Listener.Addr().String(), "a")
	do(first)
	do(first)
	if len(opened) != 1 {
		t.Errorf("%d connections for two requests to one preview, want 1", len(opened))
	}
	do(targetAt(t, upstream.Listener.Addr().String(), "b"))
	if len(opened) != 2 {
		t.Errorf("%d connections, want a second for another preview at the same address", len(opened))
	}
	again := first
	again.Pod = "pod-2"
	do(again)
	if len(opened) != 3 {
		t.Errorf("%d connections, want a third for another pod of the same preview", len(opened))
	}
	f.Forget("a")
	do(again)
	if len(opened) != 4 || len(f.pools) != 2 {
		t.Errorf("%d connections and %d pools, want a fourth connection after the preview was forgotten", len(opened), len(f.pools))
	}
}
