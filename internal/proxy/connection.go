package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// connectTimeout bounds one attempt to connect to an application that is starting: the system sends the first packet
// again only after a second, if it was dropped because the pod's network was not complete yet.
const connectTimeout = 250 * time.Millisecond

// Connection is one to a target over which nothing was sent yet. It is used up by DoOver.
type Connection struct {
	target Target

	mu   sync.Mutex
	conn net.Conn
}

// Connect opens a connection. It fails with ErrRefused when nothing listens yet, with ErrBroken when the target cannot be
// reached, or with the error of ctx. Whoever gets a connection calls DoOver or Close.
func (f *Forwarder) Connect(ctx context.Context, target Target) (*Connection, error) {
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := f.dial(bounded, "tcp", target)
	switch {
	case err == nil:
		return &Connection{target: target, conn: conn}, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	default:
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
}

// DoOver is Do over a connection, which is kept for the requests that follow like any other.
func (f *Forwarder) DoOver(ctx context.Context, connection *Connection, request Request) (Response, error) {
	defer connection.Close()
	return f.Do(context.WithValue(ctx, connectionKey{}, connection), connection.target, request)
}

// Close closes a connection that was not used.
func (c *Connection) Close() {
	if conn := c.take(); conn != nil {
		// Nothing was sent, so nothing is lost.
		_ = conn.Close()
	}
}

// take returns the connection once, then nil.
func (c *Connection) take() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn := c.conn
	c.conn = nil
	return conn
}

// connectionKey is where the context of a request has its connection.
type connectionKey struct{}

// opened returns the connection that was opened for the request, or nil.
func opened(ctx context.Context) net.Conn {
	if connection, ok := ctx.Value(connectionKey{}).(*Connection); ok {
		return connection.take()
	}
	return nil
}
