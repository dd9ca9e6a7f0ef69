package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrTimeout: the application did not answer within the time-out.
	ErrTimeout = errors.New("the application did not answer in time")
	// ErrRefused: nothing listens on the application's port.
	ErrRefused = errors.New("the application refused the connection")
	// ErrTooLarge: the answer is larger than allowed.
	ErrTooLarge = errors.New("the application's answer is too large")
	// ErrBroken: the connection broke, or the answer is not HTTP.
	ErrBroken = errors.New("the application's answer is broken")
)

const (
	// idleTimeout closes a connection before the application does: uvicorn closes idle ones after 5 s, and a request
	// that is on its way at that moment fails although the application is well.
	idleTimeout = 3 * time.Second
	// maxConnections bounds the connections to one preview.
	maxConnections = 32
	// maxResponseHeaderBytes bounds the header of an answer.
	maxResponseHeaderBytes = 256 << 10
)

// Resolver looks up addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options configure a Forwarder.
type Options struct {
	// Timeout bounds a request from the connection to the last byte of the answer.
	Timeout time.Duration
	// LookupTimeout bounds the DNS lookup for a target without an address.
	LookupTimeout time.Duration
	// MaxResponseBytes bounds the body of an answer.
	MaxResponseBytes int64
	Resolver         Resolver
}

// Forwarder forwards requests. It is safe for concurrent use.
type Forwarder struct {
	opts Options

	mu    sync.Mutex
	pools map[string]*pool
}

// pool holds the connections to one target.
type pool struct {
	target    Target
	transport *http.Transport
}

// NewForwarder returns a Forwarder.
func NewForwarder(opts Options) (*Forwarder, error) {
	if opts.Timeout <= 0 || opts.LookupTimeout <= 0 || opts.MaxResponseBytes <= 0 || opts.Resolver == nil {
		return nil, errors.New("proxy: Timeout, LookupTimeout, MaxResponseBytes and Resolver are needed")
	}
	return &Forwarder{opts: opts, pools: map[string]*pool{}}, nil
}

// Response is the answer of an application.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Elapsed is the time from the connection, if it was not there yet, to the last byte.
	Elapsed time.Duration
}

// Timeout is how long a request may take at most.
func (f *Forwarder) Timeout() time.Duration { return f.opts.Timeout }

// MaxResponseBytes is how large the body of an answer may be at most, unless the request says less.
func (f *Forwarder) MaxResponseBytes() int64 { return f.opts.MaxResponseBytes }

// Do sends a request and reads the whole answer. Redirects are answers like any other. It fails with ErrTimeout,
// ErrRefused, ErrTooLarge, ErrBroken, or the error of ctx when the caller has gone; the time is in the response also then.
func (f *Forwarder) Do(ctx context.Context, target Target, request Request) (Response, error) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, f.opts.Timeout)
	defer cancel()
	start := time.Now()
	response, err := f.roundTrip(ctx, target, request)
	response.Elapsed = time.Since(start)
	switch {
	case err == nil, errors.Is(err, ErrTooLarge):
		return response, err
	case caller.Err() != nil:
		return response, caller.Err()
	case ctx.Err() != nil:
		return response, fmt.Errorf("%w: %s", ErrTimeout, f.opts.Timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return response, fmt.Errorf("%w: %w", ErrRefused, err)
	default:
		return response, fmt.Errorf("%w: %w", ErrBroken, err)
	}
}

func (f *Forwarder) roundTrip(ctx context.Context, target Target, request Request) (_ Response, err error) {
	response, err := f.transport(target).RoundTrip(request.to(ctx, target))
	if err != nil {
		return Response{}, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return Response{}, errors.New("switches protocols unasked")
	}
	most := f.opts.MaxResponseBytes
	if request.maxResponseBytes > 0 {
		most = min(most, request.maxResponseBytes)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return Response{}, err
	}
	if int64(len(body)) > most {
		return Response{}, fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, most)
	}
	return Response{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// to makes the HTTP request. Opaque is written to the request line as it stands, so the path keeps its escaped form.
func (r Request) to(ctx context.Context, target Target) *http.Request {
	header := r.header.Clone()
	if _, given := header["User-Agent"]; !given {
		// Present without a value: net/http would add its own.
		header["User-Agent"] = nil
	}
	request := &http.Request{
		Method: r.method,
		URL:    &url.URL{Scheme: "http", Host: target.authority(), Opaque: r.target},
		Host:   target.authority(),
		Header: header,
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody,
	}
	if len(r.body) > 0 {
		request.ContentLength = int64(len(r.body))
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		request.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	return request.WithContext(ctx)
}

// transport returns the connections to a target. Those to another pod or address of the same preview are given up.
func (f *Forwarder) transport(target Target) *http.Transport {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.pools[target.InstanceUID]; ok {
		if p.target == target {
			return p.transport
		}
		p.transport.CloseIdleConnections()
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			if conn := opened(ctx); conn != nil {
				return conn, nil
			}
			return f.dial(ctx, network, target)
		},
		DisableCompression:     true,
		MaxIdleConns:           maxConnections,
		MaxIdleConnsPerHost:    maxConnections,
		MaxConnsPerHost:        maxConnections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxResponseHeaderBytes,
	}
	f.pools[target.InstanceUID] = &pool{target: target, transport: transport}
	return transport
}

// dial uses the address from status. The name of the pod is asked for only while status has none: DNS costs a round trip,
// may still not know a young pod, and where it disagrees with status it has the address of the pod before, which may be
// somebody else's by now.
func (f *Forwarder) dial(ctx context.Context, network string, target Target) (net.Conn, error) {
	ip := target.IP
	if !ip.IsValid() {
		addrs, err := f.lookup(ctx, target.Host)
		if err != nil {
			return nil, err
		}
		ip = addrs[0].Unmap()
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, netip.AddrPortFrom(ip, target.Port).String())
}

// lookup resolves an absolute name, so that the search list of the pod is not tried.
func (f *Forwarder) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if host == "" {
		return nil, errors.New("the preview has no DNS name")
	}
	ctx, cancel := context.WithTimeout(ctx, f.opts.LookupTimeout)
	defer cancel()
	addrs, err := f.opts.Resolver.LookupNetIP(ctx, "ip", strings.TrimSuffix(host, ".")+".")
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%s has no address", host)
	}
	return addrs, nil
}

// Forget closes the connections to a preview that has ended.
func (f *Forwarder) Forget(instanceUID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.pools[instanceUID]; ok {
		p.transport.CloseIdleConnections()
		delete(f.pools, instanceUID)
	}
}

// Close closes every idle connection.
func (f *Forwarder) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for uid, p := range f.pools {
		p.transport.CloseIdleConnections()
		delete(f.pools, uid)
	}
}
