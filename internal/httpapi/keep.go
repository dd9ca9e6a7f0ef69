package httpapi

import (
	"errors"
	"log/slog"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podlogs"
)

// logKeeping is what a logKeeper needs of podlogs.Hub.
type logKeeping interface {
	Keep(pod string) error
	Drop(pod string)
}

// logKeeper has the log of every preview with a pod followed, viewed or not, until the preview is gone: its last words
// are printed while it is stopped, and the pod is deleted soon after.
type logKeeper struct {
	logs   logKeeping
	logger *slog.Logger

	mu sync.Mutex
	// kept holds what is kept of each instance.
	kept map[types.UID]keptPod
}

// keptPod is the pod of one run of an instance; one that is started afresh may have a pod of the same name.
type keptPod struct {
	name     string
	restarts int32
}

func newLogKeeper(logs logKeeping, logger *slog.Logger) *logKeeper {
	return &logKeeper{logs: logs, logger: logger, kept: map[types.UID]keptPod{}}
}

// see takes note of a change of an instance. What had ended before it was seen first is left alone: there may be many of
// those, and whoever views one reads what its pod still has.
func (k *logKeeper) see(pvi *v1alpha1.PreviewInstance, gone bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := keptPod{name: pvi.Status.PodName, restarts: pvi.Status.Restarts}
	before, kept := k.kept[pvi.UID]
	// The status of what was stopped names no pod any more.
	if kept && (gone || now.restarts != before.restarts || now.name != "" && now.name != before.name) {
		k.logs.Drop(before.name)
		delete(k.kept, pvi.UID)
		kept = false
	}
	if gone || kept || now.name == "" || !podHasRun(pvi) || pvi.Status.Phase.Finished() {
		return
	}
	switch err := k.logs.Keep(now.name); {
	case err == nil:
		k.kept[pvi.UID] = now
	case !errors.Is(err, podlogs.ErrClosed):
		k.logger.Warn("the log of a pod is not kept", "pod", now.name, "error", err)
	}
}

// pod returns the pod of an instance whose log is kept; none when it is not.
func (k *logKeeper) pod(uid types.UID) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept[uid].name
}
