package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codebegen/preview-operator/internal/client"
)

// Bounds of the local server.
const (
	// maxLocalRequests bounds the requests that are served at once; the others wait for localWait.
	maxLocalRequests = 16
	localWait        = 30 * time.Second
	maxLocalHeader   = 64 << 10
	localIdle        = 2 * time.Minute
	localReadTimeout = time.Minute
	// localWriteTimeout counts from the request's header on: its body, the wait for a turn, the gateway, and the answer.
	localWriteTimeout = 6 * time.Minute
	localShutdown     = 5 * time.Second
)

func (a *app) openCommand() *cobra.Command {
	var port uint16
	var noBrowser bool
	cmd := &cobra.Command{
		Use: "open ID", Short: "Open a preview in a browser, through a local port",
		Long: `Listen on a port of 127.0.0.1 and pass what a browser asks for there to the application, until Ctrl-C. Each request goes
through the gateway as with kubectl preview request: bodies have at most 8 MiB, answers 10 MiB, an answer has to be complete
within the gateway's request time-out (10 s), and there are no WebSockets.`,
		Example: `  kubectl preview open bookstore-alice
  kubectl preview open bookstore-alice --port 8000 --no-browser`,
		Args: exactly("ID"), ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.open(cmd.Context(), args[0], port, !noBrowser) },
	}
	cmd.Flags().Uint16Var(&port, "port", 0, "Local port; a free one when left out")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "Do not start a browser")
	return cmd
}

func (a *app) open(ctx context.Context, id string, port uint16, browser bool) error {
	c, status, err := a.preview(ctx, id)
	if err != nil {
		return err
	}
	if status.Status != client.StatusRunning {
		return fmt.Errorf("%s is %s, not running: launch it first", status.GenerationID, status.Status)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
	if err != nil {
		return fmt.Errorf("--port %d: %w", port, err)
	}
	address := listener.Addr().String()
	server := &http.Server{
		Handler:           newLocalProxy(c.Session(status.GenerationID), address, text(status.BaseURL)),
		ReadHeaderTimeout: localReadTimeout, ReadTimeout: 2 * localReadTimeout, WriteTimeout: localWriteTimeout, IdleTimeout: localIdle,
		MaxHeaderBytes: maxLocalHeader,
		// What a client on this machine does wrong is its own matter.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(a.Out, "%s is at http://%s (Ctrl-C ends this)\n", status.GenerationID, address)
	if browser && a.outIsTerminal {
		startBrowser(ctx, "http://"+address)
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), localShutdown)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// startBrowser does nothing where there is none: the address has been printed.
func startBrowser(ctx context.Context, address string) {
	path, err := exec.LookPath("xdg-open")
	if err != nil {
		return
	}
	command := exec.CommandContext(ctx, path, address)
	if command.Start() == nil {
		go func() { _ = command.Wait() }()
	}
}

// requester sends the application a request.
type requester interface {
	Request(ctx context.Context, e client.Envelope) (client.Reply, error)
}

// localProxy passes requests to one preview.
type localProxy struct {
	session requester
	// hosts are the names under which a browser may know it: pages elsewhere must not reach it by a name of their own that
	// leads here (DNS rebinding).
	hosts map[string]bool
	// inside is the scheme and host that the application believes to have, in redirects.
	inside string
	slots  chan struct{}
}

func newLocalProxy(session requester, address, baseURL string) *localProxy {
	_, port, _ := net.SplitHostPort(address)
	p := &localProxy{
		session: session, slots: make(chan struct{}, maxLocalRequests),
		hosts: map[string]bool{address: true, "localhost:" + port: true},
	}
	if base, err := url.Parse(baseURL); err == nil && base.Host != "" {
		p.inside = base.Host
	}
	return p
}

func (p *localProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.hosts[r.Host] {
		http.Error(w, "This port is for 127.0.0.1 and localhost alone.", http.StatusMisdirectedRequest)
		return
	}
	if r.Header.Get("Upgrade") != "" {
		http.Error(w, "WebSockets do not go through kubectl preview open.", http.StatusNotImplemented)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, fmt.Sprintf("The body has more than %d bytes, the limit of kubectl preview open.", maxRequestBody), http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "The body did not arrive.", http.StatusBadRequest)
		return
	}
	release, err := p.slot(r.Context())
	if err != nil {
		http.Error(w, fmt.Sprintf("More than %d requests are being served.", maxLocalRequests), http.StatusServiceUnavailable)
		return
	}
	defer release()
	reply, err := p.session.Request(r.Context(), client.Envelope{Method: r.Method, Path: r.URL.RequestURI(), Headers: r.Header, Body: body})
	if err != nil {
		fail(w, err)
		return
	}
	p.answer(w, reply)
}

// slot waits for its turn.
func (p *localProxy) slot(ctx context.Context) (release func(), err error) {
	timer := time.NewTimer(localWait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-timer.C:
		return nil, context.DeadlineExceeded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fail shows what the gateway has said, as text: nothing in it is for a browser to run.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	var problem *client.Error
	if errors.As(err, &problem) && problem.Status >= http.StatusBadRequest {
		status = problem.Status
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.Error(w, "kubectl preview: "+gatewayError(err).Error(), status)
}

// ownFields are set by this server itself.
var ownFields = map[string]bool{
	"connection": true, "content-length": true, "keep-alive": true, "proxy-authenticate": true, "trailer": true, "transfer-encoding": true,
	"upgrade": true, "set-cookie": true,
}

func (p *localProxy) answer(w http.ResponseWriter, reply client.Reply) {
	if reply.StatusCode < http.StatusOK || reply.StatusCode > 999 {
		http.Error(w, fmt.Sprintf("The application answered with the status %d, which is none.", reply.StatusCode), http.StatusBadGateway)
		return
	}
	header := w.Header()
	for name, value := range reply.Headers {
		if !ownFields[strings.ToLower(name)] {
			header.Set(name, value)
		}
	}
	for _, cookie := range reply.SetCookie {
		header.Add("Set-Cookie", cookie)
	}
	if location, err := url.Parse(header.Get("Location")); err == nil && p.inside != "" && location.Host == p.inside {
		// The application redirects to its address inside the cluster.
		location.Scheme, location.Host = "", ""
		header.Set("Location", location.String())
	}
	w.WriteHeader(reply.StatusCode)
	_, _ = w.Write(reply.Body)
}
