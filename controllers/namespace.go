package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/internal/podspec"
)

// ensureNamespace puts in place what the preview pods of a namespace share, before the first of them: the
// NetworkPolicy that isolates them, then the Service that names them.
func (r *PreviewInstanceReconciler) ensureNamespace(ctx context.Context, s *scope) error {
	return r.prepareNamespace(ctx, s.instance.Namespace)
}

func (r *PreviewInstanceReconciler) prepareNamespace(ctx context.Context, namespace string) error {
	policy := podspec.NetworkPolicy(podspec.NamespaceInput{
		Namespace:         namespace,
		OperatorNamespace: r.settings.Current().PodNamespace,
		PortMin:           r.settings.Current().PortMin,
		PortMax:           r.settings.Current().PortMax,
		BlockedCIDRs:      r.settings.Current().EgressBlockedCIDRs,
	})
	if err := r.ensure(ctx, policy, &networkingv1.NetworkPolicy{}, func(found client.Object) bool {
		current := found.(*networkingv1.NetworkPolicy)
		if equality.Semantic.DeepEqual(current.Spec, policy.Spec) {
			return false
		}
		current.Spec = policy.Spec
		return true
	}); err != nil {
		return err
	}
	service := podspec.Service(namespace)
	return r.ensure(ctx, service, &corev1.Service{}, func(found client.Object) bool {
		current := found.(*corev1.Service)
		if equality.Semantic.DeepEqual(current.Spec.Selector, service.Spec.Selector) &&
			current.Spec.PublishNotReadyAddresses == service.Spec.PublishNotReadyAddresses {
			return false
		}
		current.Spec.Selector = service.Spec.Selector
		current.Spec.PublishNotReadyAddresses = service.Spec.PublishNotReadyAddresses
		return true
	})
}

// ensure creates an object or corrects the one that is there; correct reports whether it had to change it.
func (r *PreviewInstanceReconciler) ensure(ctx context.Context, want, found client.Object, correct func(client.Object) bool) error {
	err := r.client.Get(ctx, client.ObjectKeyFromObject(want), found)
	if apierrors.IsNotFound(err) {
		err = r.client.Create(ctx, want)
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	}
	if err != nil || !correct(found) {
		return err
	}
	return r.client.Update(ctx, found)
}
