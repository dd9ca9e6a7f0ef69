package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/httpapi"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/scanner"
	"github.com/codebegen/preview-operator/internal/session"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/telemetry"
	"github.com/codebegen/preview-operator/internal/ticket"
	"github.com/codebegen/preview-operator/internal/vitals"
)

// Bounds of one gateway that are not settings.
const (
	slotWait      = 5 * time.Second
	lookupTimeout = 500 * time.Millisecond
	unreadyFor    = 3 * time.Second
	drainTimeout  = 20 * time.Second
)

func serve(ctx context.Context, lookup func(string) (string, bool)) (err error) {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	klog.SetSlogLogger(logger)
	log.SetLogger(logr.FromSlogHandler(logger.Handler()))

	live, err := settings.Open(lookup)
	if err != nil {
		return err
	}
	s := live.Current()
	generations, err := store.Open(ctx, store.Options{Path: s.DatabasePath, URL: s.DatabaseURL})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, generations.Close()) }()
	product, closeProduct, err := openProduct(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeProduct()) }()
	opts, monitor, err := apiOptions(ctx, live, generations, lookup, logger)
	if err != nil {
		return err
	}
	defer monitor.Close()
	opts.Product = product
	opts.Tracing, err = telemetry.StartTracing(ctx, telemetry.TracingOptions{
		Endpoint: s.TracingEndpoint, SamplePercent: s.TracingSamplePercent, Service: "preview-gateway",
		OnError: func(err error) { logger.Warn("sending traces failed", "error", err) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opts.Tracing.Shutdown(context.WithoutCancel(ctx))) }()
	api, err := httpapi.New(opts)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.GatewayAddress)
	if err != nil {
		return fmt.Errorf("PREVIEW_GATEWAY_ADDRESS: %w", err)
	}
	logger.Info("serving", "address", listener.Addr().String(), "namespace", s.Namespace)

	// What works in the background ends after the last request.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { live.Run(background, logger) })
	running.Go(func() { opts.Instances.Run(background) })
	running.Go(func() { api.Run(background) })
	defer func() {
		stop()
		running.Wait()
		opts.Forwarder.Close()
		opts.Verifier.Close()
	}()
	return httpapi.Serve(ctx, httpapi.ServerOptions{
		Listener: listener, API: api, Logger: logger, UnreadyFor: unreadyFor, DrainTimeout: drainTimeout,
	})
}

// openProduct returns the product's own table of generations, nothing when they are in the store.
func openProduct(ctx context.Context, s settings.Settings) (_ httpapi.GenerationReader, closeIt func() error, err error) {
	if s.GenerationsURL == "" {
		return nil, func() error { return nil }, nil
	}
	product, err := store.OpenProduct(ctx, store.ProductOptions{URL: s.GenerationsURL, Table: s.GenerationsTable})
	if err != nil {
		return nil, nil, fmt.Errorf("PREVIEW_GENERATIONS_URL: %w", err)
	}
	return product, product.Close, nil
}

// apiOptions makes everything that the API needs. The monitor is that of the options, to close.
func apiOptions(
	ctx context.Context, live *settings.Live, generations *store.Store, lookup func(string) (string, bool), logger *slog.Logger,
) (_ httpapi.Options, _ *vitals.Monitor, err error) {
	s := live.Current()
	who, err := newIdentity(s, generations, logger)
	if err != nil {
		return httpapi.Options{}, nil, err
	}
	defer func() {
		if err != nil {
			who.verifier.Close()
		}
	}()
	forwarder, err := proxy.NewForwarder(proxy.Options{
		Timeout: s.RequestTimeout, LookupTimeout: lookupTimeout, MaxResponseBytes: int64(s.MaxResponseMB) << 20, Resolver: net.DefaultResolver,
	})
	if err != nil {
		return httpapi.Options{}, nil, err
	}
	config, err := kubeConfig(ctx, s, lookup)
	if err != nil {
		return httpapi.Options{}, nil, err
	}
	client, clientset, err := kubeClients(config)
	if err != nil {
		return httpapi.Options{}, nil, err
	}
	instances, err := httpapi.NewInstances(client, s.Namespace)
	if err != nil {
		return httpapi.Options{}, nil, err
	}
	monitor, err := vitals.New(vitals.Options{Pods: podIdentities{clientset}, Logger: logger})
	if err != nil {
		return httpapi.Options{}, nil, err
	}
	files, err := newScanner()
	if err != nil {
		monitor.Close()
		return httpapi.Options{}, nil, err
	}
	return httpapi.Options{
		Settings: live, Scanner: files, Store: generations, Runs: generations, Idempotency: generations.Idempotency(), Instances: instances,
		Verifier: who.verifier, Signer: who.signer, Tickets: who.tickets, Forwarder: forwarder, Vitals: monitor, Logger: logger,
		LaunchWait: s.LaunchWait, MaxStreams: int(s.MaxStreams), MaxStreamsPerUser: int(s.MaxStreamsPerUser),
		MaxUploads: int(s.MaxUploads), MaxRequests: int(s.MaxRequests), SlotWait: slotWait,
	}, monitor, nil
}

// newScanner has the files of applications read by the program that lies beside this one. That it is missing is told to who
// asks for endpoints: everything else works without.
func newScanner() (*scanner.Scanner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("where this program is: %w", err)
	}
	return scanner.New(scanner.Options{Program: filepath.Join(filepath.Dir(self), "endpoint-scanner")})
}

// identity is what tells who somebody is.
type identity struct {
	verifier *auth.Verifier
	signer   *session.Signer
	tickets  *ticket.Desk
}

// newIdentity reads the keys. The verifier begins to read those of the identity provider.
func newIdentity(s settings.Settings, used ticket.Burner, logger *slog.Logger) (identity, error) {
	key, err := settings.ReadKeyFile(s.SessionKeyFile)
	if err != nil {
		return identity{}, fmt.Errorf("PREVIEW_SESSION_KEY_FILE: %w", err)
	}
	signer, err := session.NewSigner(key, time.Now)
	if err != nil {
		return identity{}, err
	}
	tickets, err := ticket.NewDesk(key, used)
	if err != nil {
		return identity{}, err
	}
	opts, err := authOptions(s)
	if err != nil {
		return identity{}, err
	}
	opts.Logger = logger
	verifier, err := auth.NewVerifier(opts)
	return identity{verifier: verifier, signer: signer, tickets: tickets}, err
}

// authOptions say which bearer tokens are accepted. The secret is needed only for algorithms that use one.
func authOptions(s settings.Settings) (auth.Options, error) {
	opts := auth.Options{
		Algorithms: s.JWTAlgorithms, JWKSURL: s.JWKSURL, OIDCIssuer: s.OIDCIssuer, CAFile: s.JWKSCAFile,
		Audience: s.JWTAudience, Issuer: s.JWTIssuer, UserClaim: s.JWTUserClaim, RoleClaim: s.JWTRoleClaim,
	}
	if !slices.ContainsFunc(s.JWTAlgorithms, func(name string) bool { return strings.HasPrefix(name, "HS") }) {
		return opts, nil
	}
	secret, err := settings.ReadKeyFile(s.JWTSecretFile)
	if err != nil {
		return auth.Options{}, fmt.Errorf("PREVIEW_JWT_SECRET_FILE: %w", err)
	}
	opts.Secret = secret
	return opts, nil
}
