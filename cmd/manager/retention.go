package main

import (
	"context"
	"log/slog"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/controllers"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

// retainEvery is the time between two looks for logs and records that are too old or too many.
const retainEvery = 10 * time.Minute

// retention removes logs and records of ended previews in the background, in the manager that leads.
type retention struct {
	live      *settings.Live
	store     controllers.RetentionStore
	instances client.Reader
	logger    *slog.Logger
}

// Start works until ctx is done.
func (r retention) Start(ctx context.Context) error {
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
func (retention) NeedLeaderElection() bool { return true }

// once removes logs first: a record stays as long as its log.
func (r retention) once(ctx context.Context) {
	s := r.live.Current()
	removed, err := r.store.Retain(ctx, time.Now(), s.LogRetention, int64(s.LogRetentionMB)<<20)
	if err != nil && ctx.Err() == nil {
		r.logger.Error("removing logs of ended previews failed", "error", err)
	}
	if removed.Logs > 0 {
		r.logger.Info("removed logs of ended previews", "logs", removed.Logs, "lines", removed.Lines, "bytes", removed.Bytes)
	}
	runs, err := r.removeRuns(ctx, s)
	if err != nil && ctx.Err() == nil {
		r.logger.Error("removing records of ended previews failed", "error", err)
	}
	if runs > 0 {
		r.logger.Info("removed records of ended previews", "runs", runs)
	}
}

// removeRuns keeps the last run of every instance that exists: a manager that starts would record it again.
func (r retention) removeRuns(ctx context.Context, s settings.Settings) (int64, error) {
	var instances v1alpha1.PreviewInstanceList
	if err := r.instances.List(ctx, &instances); err != nil {
		return 0, err
	}
	exist := map[string]bool{}
	for i := range instances.Items {
		exist[store.RunUID(string(instances.Items[i].UID), instances.Items[i].Status.Restarts)] = true
	}
	return r.store.RetainRuns(ctx, time.Now(), store.RunRetention{
		MaxAge: s.RunRetention, MaxRuns: int64(s.RunRetentionCount), Keep: func(runUID string) bool { return exist[runUID] },
	})
}
