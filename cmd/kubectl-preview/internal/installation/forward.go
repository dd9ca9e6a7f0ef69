package installation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// forwardTimeout bounds how long a port-forward may take to stand.
const forwardTimeout = 20 * time.Second

// maxForwardErrors bounds what is kept of a port-forward's messages.
const maxForwardErrors = 4 << 10

// Forwarder connects to the gateway through the API server. A port-forward that has broken, because the gateway was
// replaced for example, is set up again with the next connection.
type Forwarder struct {
	config    *rest.Config
	kube      kubernetes.Interface
	namespace string

	mu      sync.Mutex
	current *forward
}

// NewForwarder returns a Forwarder to the gateway in a namespace.
func NewForwarder(config *rest.Config, kube kubernetes.Interface, namespace string) *Forwarder {
	return &Forwarder{config: config, kube: kube, namespace: namespace}
}

// forward is one port-forward.
type forward struct {
	stop chan struct{}
	// done is closed when it has ended, with err set.
	done    chan struct{}
	err     error
	address string
}

func (f *forward) alive() bool {
	select {
	case <-f.done:
		return false
	default:
		return true
	}
}

// Transport sends every request to the gateway, whatever its host.
func (f *Forwarder) Transport() *http.Transport {
	return &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return f.dial(ctx) },
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     30 * time.Second,
	}
}

func (f *Forwarder) dial(ctx context.Context) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil || !f.current.alive() {
		gateway, err := Find(ctx, f.kube, f.namespace)
		if err != nil {
			return nil, err
		}
		if f.current, err = f.start(ctx, gateway); err != nil {
			f.current = nil
			return nil, fmt.Errorf("forwarding a port to pod %s/%s: %w", gateway.Namespace, gateway.Pod, err)
		}
	}
	return new(net.Dialer).DialContext(ctx, "tcp", f.current.address)
}

// start sets a port-forward up, on a port of loopback that the system chooses.
func (f *Forwarder) start(ctx context.Context, gateway Gateway) (*forward, error) {
	dialer, err := f.dialer(gateway)
	if err != nil {
		return nil, err
	}
	fw := &forward{stop: make(chan struct{}), done: make(chan struct{})}
	ready := make(chan struct{})
	messages := &boundedBuffer{}
	forwarder, err := portforward.NewOnAddressesForStreaming(dialer, []string{"127.0.0.1"}, []string{":" + strconv.Itoa(int(gateway.Port))}, fw.stop, ready, io.Discard, messages)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(fw.done)
		fw.err = forwarder.ForwardPorts()
	}()
	timer := time.NewTimer(forwardTimeout)
	defer timer.Stop()
	select {
	case <-ready:
	case <-fw.done:
		return nil, errors.Join(fw.err, messages.err())
	case <-timer.C:
		close(fw.stop)
		return nil, fmt.Errorf("it did not stand within %s", forwardTimeout)
	case <-ctx.Done():
		close(fw.stop)
		return nil, ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		close(fw.stop)
		return nil, err
	}
	fw.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[0].Local)))
	return fw, nil
}

// dialer prefers WebSockets and falls back to SPDY, as kubectl does.
func (f *Forwarder) dialer(gateway Gateway) (httpstream.Dialer, error) {
	target := f.kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(gateway.Namespace).Name(gateway.Pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(f.config)
	if err != nil {
		return nil, err
	}
	overSPDY := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, target)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(target, f.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(overWebSocket, overSPDY, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// Close ends the port-forward.
func (f *Forwarder) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil {
		if f.current.alive() {
			close(f.current.stop)
		}
		<-f.current.done
		f.current = nil
	}
}

// boundedBuffer keeps the beginning of what is written to it.
type boundedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p[:min(len(p), maxForwardErrors-b.buf.Len())])
	return len(p), nil
}

func (b *boundedBuffer) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() == 0 {
		return nil
	}
	return errors.New(string(bytes.TrimSpace(b.buf.Bytes())))
}
