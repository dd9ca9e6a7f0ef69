package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/collector"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/store"
)

// runsEvery is the time between two comparisons of the records with the instances. There can be very many records, and
// hardly ever one that nobody has ended.
const runsEvery = time.Hour

// ActiveRuns reads the records of runs that have not ended: a store.Store.
type ActiveRuns interface {
	ActiveRuns(ctx context.Context, after string) ([]store.Run, error)
}

// sweepRuns ends the records of runs whose instance was removed by force while no manager saw it, or with its whole cluster.
// Without an end neither they nor their logs would ever be removed, and whoever reads them would take them for alive. Like
// all that is swept, the records are read before the instances.
func (w *sweeper) sweepRuns(ctx context.Context) error {
	if w.runs == nil || !w.runsSwept.IsZero() && w.now().Sub(w.runsSwept) < runsEvery {
		return nil
	}
	var active []store.Run
	for after := ""; ; after = active[len(active)-1].UID {
		page, err := w.runs.ActiveRuns(ctx, after)
		if err != nil {
			return fmt.Errorf("sweeping records: %w", err)
		}
		active = append(active, page...)
		if len(page) < store.MaxListLimit {
			break
		}
	}
	namespaces := map[string]map[types.UID]sweptInstance{}
	for _, run := range active {
		if len(w.namespaces) > 0 && !slices.Contains(w.namespaces, run.Namespace) {
			continue
		}
		if namespaces[run.Namespace] == nil {
			instances, err := w.listInstances(ctx, run.Namespace)
			if err != nil {
				return fmt.Errorf("sweeping records: %w", err)
			}
			namespaces[run.Namespace] = instances
		}
		if _, exists := namespaces[run.Namespace][types.UID(run.InstanceUID)]; !exists {
			w.endRun(ctx, run)
		}
	}
	w.runsSwept = w.now()
	return nil
}

// endRun records the end of a run that nobody saw.
func (w *sweeper) endRun(ctx context.Context, run store.Run) {
	now := w.now()
	run.Phase, run.Reason, run.StoppedAt = string(v1alpha1.PhaseFailed), v1alpha1.ReasonPodLost, &now
	run.Failure = &store.RunFailure{
		Reason: v1alpha1.ReasonPodLost, Message: "its PreviewInstance was removed by force while no manager saw it", At: now,
	}
	w.collector.Record(run)
	if !run.Log.Complete {
		// There is no pod of that name, so that what is missing of the log is recorded.
		w.collector.Follow(collector.Run{
			UID: run.UID, Namespace: run.Namespace, Target: handover.Target{PodName: run.UID}, Since: run.CreatedAt,
		})
	}
	w.metrics.swept.Inc(sweptRun)
	log.FromContext(ctx).Info("ended the record of a run whose instance is gone", "namespace", run.Namespace, "instance", run.Name, "uid", run.InstanceUID)
}
