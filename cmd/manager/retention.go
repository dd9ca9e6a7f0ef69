package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

// retainEvery is the time between two looks for logs that are too old or too many.
const retainEvery = 10 * time.Minute

// logRetention removes logs of ended previews in the background, in the manager that leads.
type logRetention struct {
	live   *settings.Live
	logs   *store.Store
	logger *slog.Logger
}

// Start works until ctx is done.
func (r logRetention) Start(ctx context.Context) error {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		r.once(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// NeedLeaderElection keeps all but one manager from it.
func (logRetention) NeedLeaderElection() bool { return true }

func (r logRetention) once(ctx context.Context) {
	s := r.live.Current()
	removed, err := r.logs.Retain(ctx, time.Now(), s.LogRetention, int64(s.LogRetentionMB)<<20)
	if err != nil && ctx.Err() == nil {
		r.logger.Error("removing logs of ended previews failed", "error", err)
	}
	if removed.Logs > 0 {
		r.logger.Info("removed logs of ended previews", "logs", removed.Logs, "lines", removed.Lines, "bytes", removed.Bytes)
	}
}
