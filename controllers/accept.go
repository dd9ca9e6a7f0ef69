package controllers

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/store"
)

// maxEnvBytes bounds the names and values of spec.env in all: they are part of the assignment.
const maxEnvBytes = 256 << 10

// GenerationReader reads stored generations; it is satisfied by the store.
type GenerationReader interface {
	// Generation describes a generation; store.ErrNotFound when there is none. With store.ErrUnusable it tells whose it is.
	Generation(ctx context.Context, id string) (store.Meta, error)
	// Archive returns the files as a gzip-compressed tar archive; an empty version is the newest.
	Archive(ctx context.Context, id, version string) ([]byte, error)
}

// accept checks what the API server cannot: the runtime, limits that come from configuration, and whose code it is.
func (r *PreviewInstanceReconciler) accept(ctx context.Context, s *scope) error {
	if !r.settings.Current().Enabled && s.facts.Port == 0 {
		return waitFor(v1alpha1.ConditionAccepted, v1alpha1.ReasonDisabled, "previews are turned off (PREVIEW_ENABLED); this one starts when they are turned on again")
	}
	spec := s.instance.Spec
	if err := checkEnv(spec.Env); err != nil {
		return err
	}
	runtime := &v1alpha1.PreviewRuntime{}
	err := r.client.Get(ctx, types.NamespacedName{Namespace: s.instance.Namespace, Name: spec.RuntimeName}, runtime)
	if apierrors.IsNotFound(err) {
		return waitFor(v1alpha1.ConditionAccepted, v1alpha1.ReasonRuntimeNotFound,
			"spec.runtimeName: there is no PreviewRuntime %q in namespace %s", spec.RuntimeName, s.instance.Namespace)
	}
	if err != nil {
		return err
	}
	if err := r.setMemoryLimit(s, runtime); err != nil {
		return err
	}
	if spec.Source.Generation != nil {
		if err := r.checkOwner(ctx, s); err != nil {
			return err
		}
	}
	s.runtime = runtime
	return nil
}

// checkEnv bounds the environment in all, which no rule of the API server can afford to.
func checkEnv(env []v1alpha1.EnvVar) error {
	total := 0
	for _, e := range env {
		total += len(e.Name) + len(e.Value)
	}
	if total > maxEnvBytes {
		return terminal(v1alpha1.ReasonInvalidSpec, "spec.env has %d bytes in all, at most %d are allowed", total, maxEnvBytes)
	}
	return nil
}

// setMemoryLimit takes the instance's own limit, the runtime's, or the configured one, in that order.
func (r *PreviewInstanceReconciler) setMemoryLimit(s *scope, runtime *v1alpha1.PreviewRuntime) error {
	limit := runtimeMemoryLimit(runtime, r.settings.Current())
	if own := s.instance.Spec.MemoryLimitMB; own != nil {
		if *own > r.settings.Current().MemoryLimitMaxMB {
			return terminal(v1alpha1.ReasonInvalidSpec, "spec.memoryLimitMB is %d, at most %d (PREVIEW_MEMORY_LIMIT_MAX_MB) is allowed",
				*own, r.settings.Current().MemoryLimitMaxMB)
		}
		limit = *own
	}
	s.facts.MemoryLimitMB = limit
	return nil
}

// checkOwner refuses a generation that belongs to another user than the one the instance runs for. Whether its files can
// be run is a question of the version, and asked when they are read.
func (r *PreviewInstanceReconciler) checkOwner(ctx context.Context, s *scope) error {
	spec := s.instance.Spec
	meta, err := r.generations.Generation(ctx, spec.GenerationID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return terminal(v1alpha1.ReasonGenerationNotFound, "spec.generationID: the store has no generation %q", spec.GenerationID)
	case err != nil && !errors.Is(err, store.ErrUnusable):
		return err
	case meta.UserID != spec.UserID:
		return terminal(v1alpha1.ReasonGenerationNotOwned, "spec.generationID: generation %q does not belong to spec.userID", spec.GenerationID)
	}
	return nil
}
