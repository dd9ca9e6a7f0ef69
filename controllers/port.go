package controllers

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/ports"
)

// allocatePort gives the instance a port of its own, or lets it wait for one.
func (r *PreviewInstanceReconciler) allocatePort(_ context.Context, s *scope) error {
	port, ok := r.ports.Allocate(s.holder())
	if ok {
		s.facts.Port = port
		return nil
	}
	message := fmt.Sprintf("all ports from %d to %d (PREVIEW_PORT_MIN to PREVIEW_PORT_MAX) are taken", r.settings.Current().PortMin, r.settings.Current().PortMax)
	if s.instance.Spec.WhenFull == v1alpha1.WhenFullFail {
		return terminal(v1alpha1.ReasonPortsExhausted, "%s", message)
	}
	return waitFor(v1alpha1.ConditionPortAllocated, v1alpha1.ReasonPortsExhausted, "%s; waiting for one", message)
}

// portRestorer rebuilds the map of ports from the API server, once, before the first reconcile of a leader.
type portRestorer struct {
	// namespaces that are served; none means all.
	namespaces []string

	mu   sync.Mutex
	done bool
}

// once restores every port that an instance holds: a port is in the status before its pod exists or, when the pod was a
// warm one, in the claim that made it the instance's. It reads from etcd's quorum: a cache that is behind could miss the
// port that the leader before allocated last.
func (p *portRestorer) once(ctx context.Context, live client.Reader, allocator *ports.Allocator) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return nil
	}
	namespaces := p.namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		if err := restoreNamespace(ctx, live, allocator, namespace); err != nil {
			return fmt.Errorf("restoring ports: %w", err)
		}
	}
	p.done = true
	taken, size := allocator.InUse()
	log.FromContext(ctx).Info("restored ports", "taken", taken, "of", size)
	return nil
}

func restoreNamespace(ctx context.Context, live client.Reader, allocator *ports.Allocator, namespace string) error {
	instances := &v1alpha1.PreviewInstanceList{}
	if err := live.List(ctx, instances, client.InNamespace(namespace)); err != nil {
		return err
	}
	claimed, err := claimedPorts(ctx, live, namespace)
	if err != nil {
		return err
	}
	var unnamed []*v1alpha1.PreviewInstance
	for i := range instances.Items {
		instance := &instances.Items[i]
		if instance.Status.Port == 0 {
			unnamed = append(unnamed, instance)
			continue
		}
		if err := allocator.Restore(holderOf(instance), instance.Status.Port); err != nil {
			return err
		}
	}
	for _, instance := range unnamed {
		port, ok := claimed[instance.UID]
		if !ok || instance.Status.Phase.Finished() {
			continue
		}
		if err := allocator.Restore(holderOf(instance), port); err != nil {
			// The claim was written after its manager had died, when the port was another's already. Nothing listens on it.
			log.FromContext(ctx).Info("a claim names a port that is taken; the instance gets another one", "instance", client.ObjectKeyFromObject(instance), "port", port)
		}
	}
	return nil
}

func holderOf(instance *v1alpha1.PreviewInstance) ports.Holder {
	return ports.Holder{UID: instance.UID, Name: client.ObjectKeyFromObject(instance)}
}

// claimedPorts reads the ports that claims of warm pods have given to instances, by the UID of the instance.
func claimedPorts(ctx context.Context, live client.Reader, namespace string) (map[types.UID]int32, error) {
	pods := &metav1.PartialObjectMetadataList{}
	pods.SetGroupVersionKind(podKind)
	if err := live.List(ctx, pods, client.InNamespace(namespace), client.HasLabels{v1alpha1.LabelInstanceUID}); err != nil {
		return nil, err
	}
	claimed := map[types.UID]int32{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		owner := metav1.GetControllerOf(pod)
		port, err := strconv.ParseInt(pod.Annotations[v1alpha1.AnnotationPort], 10, 32)
		if err != nil || owner == nil || !ofKind(owner, "PreviewInstance") || pod.DeletionTimestamp != nil {
			continue
		}
		claimed[owner.UID] = int32(port)
	}
	return claimed, nil
}
