package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	// maxHeaderBytes bounds the header of a request (incident 26).
	maxHeaderBytes = 64 << 10
	// readHeaderTimeout bounds how long a client may take to send it.
	readHeaderTimeout = 10 * time.Second
	// idleTimeout closes connections that are not used.
	idleTimeout = 2 * time.Minute
)

// ServerOptions configure Serve.
type ServerOptions struct {
	Listener net.Listener
	API      *API
	Logger   *slog.Logger
	// UnreadyFor is how long requests are still taken after the API has become unready, so that load balancers notice.
	UnreadyFor time.Duration
	// DrainTimeout bounds how long requests may take to finish after that.
	DrainTimeout time.Duration
}

// Serve serves until ctx is done, and then lets the requests under way finish. There is no WriteTimeout, which would
// cut streams: every write sets a deadline of its own.
//
// What is no HTTP, or more of it than is accepted, the server refuses before the API sees it: with 400, 417, 431, 501 or 505 in
// plain text, without a problem and a request id. Nothing of such a request is in the log.
func Serve(ctx context.Context, opts ServerOptions) error {
	server := &http.Server{
		Handler:           opts.API,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(opts.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(opts.Listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	opts.API.Drain()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-time.After(opts.UnreadyFor):
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), opts.DrainTimeout)
	defer cancel()
	err := server.Shutdown(drain)
	if err != nil {
		err = errors.Join(fmt.Errorf("shut down: %w", err), server.Close())
	}
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}
