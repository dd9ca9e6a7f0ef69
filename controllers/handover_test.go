package controllers

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/settings"
)

// A warm pod can be much older than the run that got it: what is waited for is counted from the run.
func TestAnUnreadableSourceIsTriedAgainForAsLongAsAPodMayTake(t *testing.T) {
	const timeout = time.Minute
	for name, tc := range map[string]struct {
		podAge, portAge time.Duration
		reason          string
	}{
		"a pod made for the run":               {podAge: 10 * time.Second, portAge: 20 * time.Second},
		"a pod made for the run, for too long": {podAge: timeout + time.Second, portAge: 2 * timeout, reason: v1alpha1.ReasonSourceUnavailable},
		"a warm pod that has waited for hours": {podAge: 5 * time.Hour, portAge: time.Second},
		"a warm pod, for too long":             {podAge: 5 * time.Hour, portAge: timeout + time.Second, reason: v1alpha1.ReasonSourceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			live := settings.Fixed(settings.Settings{PodStartTimeout: timeout})
			r := &PreviewInstanceReconciler{settings: live, handovers: newHandovers(nil, func(types.NamespacedName) {}, time.Now)}
			s := newScope(&v1alpha1.PreviewInstance{}, noon)
			s.pod = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metaTime(noon.Add(-tc.podAge))}}
			s.facts.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionPortAllocated, LastTransitionTime: metaTime(noon.Add(-tc.portAge))}}

			err := r.handoverFailed(t.Context(), s, &sourceError{errors.New("the store is away")})
			var ended *terminalError
			if errors.As(err, &ended) {
				if ended.reason != tc.reason {
					t.Errorf("ends with %q, want %q", ended.reason, tc.reason)
				}
				return
			}
			var waiting *waitError
			if tc.reason != "" || !errors.As(err, &waiting) || waiting.reason != v1alpha1.ReasonSourceUnavailable {
				t.Errorf("got %v, want it to end with %q", err, tc.reason)
			}
			if s.requeueAfter != sourceRetry {
				t.Errorf("looks again after %s, want %s", s.requeueAfter, sourceRetry)
			}
		})
	}
}
