package node

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

// probeEvery is how often a component is asked whether those that depend on it
// can be started.
const probeEvery = 50 * time.Millisecond

// supervisor keeps all components running and takes orders for single ones.
type supervisor struct {
	runners []*runner
	probes  *prober
	log     *slog.Logger
}

func newSupervisor(components []config.Component, log *slog.Logger) *supervisor {
	s := &supervisor{probes: newProber(), log: log}
	r := newReaper()
	logDir := filepath.Join(config.StateDir, config.LogDir)
	for _, c := range components {
		s.runners = append(s.runners, newRunner(c, r, logDir, log))
	}
	return s
}

func (s *supervisor) run(ctx context.Context) error {
	listener, err := net.Listen("unix", config.ControlSocket)
	if err != nil {
		return fmt.Errorf("listen for orders: %w", err)
	}
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, r := range s.runners {
		running.Go(func() {
			if s.awaitDependencies(ctx, r) {
				r.run(ctx)
			}
		})
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve orders: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitDependencies spares a component the crashes it would go through while
// those it needs are starting for the first time.
func (s *supervisor) awaitDependencies(ctx context.Context, r *runner) bool {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for _, dependency := range s.runners {
		if !slices.Contains(r.component.After, dependency.component.Name) {
			continue
		}
		for s.probes.probe(ctx, dependency.component) != nil {
			select {
			case <-ctx.Done():
				return false
			case <-ticker.C:
			}
		}
	}
	return true
}

func (s *supervisor) find(name string) *runner {
	for _, r := range s.runners {
		if r.component.Name == name {
			return r
		}
	}
	return nil
}
