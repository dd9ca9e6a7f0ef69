package main

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

const (
	// dialPatience is how long an API server that refuses connections is tried again: it restarts, or its Service has no
	// address for a moment. A launch waits that long rather than fails.
	dialPatience = 3 * time.Second
	dialPause    = 50 * time.Millisecond
	// dialTimeout and dialKeepAlive are those of client-go's own dialer.
	dialTimeout   = 30 * time.Second
	dialKeepAlive = 30 * time.Second
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// patient dials again when the connection is refused: nothing was sent yet.
func patient(dial dialFunc, patience time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		over := time.NewTimer(patience)
		defer over.Stop()
		tick := time.NewTicker(dialPause)
		defer tick.Stop()
		for {
			connection, err := dial(ctx, network, address)
			if err == nil || !errors.Is(err, syscall.ECONNREFUSED) {
				return connection, err
			}
			select {
			case <-ctx.Done():
				return nil, err
			case <-over.C:
				return nil, err
			case <-tick.C:
			}
		}
	}
}
