package controllers

import (
	"context"
	"time"

	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/lifetime"
)

// expire ends an instance that nobody uses or that has run as long as it may.
func (r *PreviewInstanceReconciler) expire(_ context.Context, s *scope) error {
	running := lifetime.Running{
		StartedAt:      s.facts.StartedAt.Time,
		SessionTimeout: seconds(s.instance.Spec.SessionTimeoutSeconds, r.settings.Current().SessionTimeout),
		MaxUptime:      seconds(s.instance.Spec.MaxUptimeSeconds, r.settings.Current().MaxUptime),
	}
	// An annotation that cannot be read counts as none: it never keeps an instance alive.
	if at, err := time.Parse(time.RFC3339, s.instance.Annotations[v1alpha1.AnnotationLastActivity]); err == nil {
		running.LastActivity = at
	}
	expiry, _ := running.Expiry()
	s.facts.ExpiresAt = ptr.To(metaTime(expiry.Truncate(time.Second)))
	s.facts.SessionExpiresAt = ptr.To(metaTime(running.SessionEnd().Truncate(time.Second)))
	s.facts.MaxUptimeAt = ptr.To(metaTime(running.UptimeEnd()))
	reason, left := running.Due(s.now)
	if reason == lifetime.None {
		s.lookAgain(left)
		return nil
	}
	return &expired{reason: string(reason)}
}

// expired ends an instance as Stopped.
type expired struct{ reason string }

func (e *expired) Error() string { return e.reason }
