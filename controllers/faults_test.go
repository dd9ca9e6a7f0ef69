package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/settings"
)

// crashPoint makes the manager's nth write its last: from then on no write gets through, as if the process had been
// killed just before, or just after, the API server carried it out.
type crashPoint struct {
	at      int32
	after   bool
	writes  atomic.Int32
	crashed chan struct{}
	// armed is when writes begin to count: at once when nil.
	armed *atomic.Bool
}

var errCrashed = errors.New("the manager has crashed")

func (c *crashPoint) write(do func() error) error {
	if c.armed != nil && !c.armed.Load() {
		return do()
	}
	n := c.writes.Add(1)
	switch {
	case n < c.at:
		return do()
	case n > c.at:
		return errCrashed
	}
	defer close(c.crashed)
	if c.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errCrashed
}

func (c *crashPoint) wrap(inner client.WithWatch) client.Client {
	return interceptor.NewClient(inner, interceptor.Funcs{
		Create: func(ctx context.Context, w client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return c.write(func() error { return w.Create(ctx, o, opts...) })
		},
		Update: func(ctx context.Context, w client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return c.write(func() error { return w.Update(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, w client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return c.write(func() error { return w.Patch(ctx, o, p, opts...) })
		},
		Delete: func(ctx context.Context, w client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return c.write(func() error { return w.Delete(ctx, o, opts...) })
		},
		SubResourceUpdate: func(ctx context.Context, inner client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			return c.write(func() error { return inner.SubResource(sub).Update(ctx, o, opts...) })
		},
	})
}

// Rule 4: the manager may crash between any two writes; the next reconcile ends in the same state.
var _ = Describe("A manager that crashes at one of its writes", func() {
	// A launch writes: finalizer, NetworkPolicy, Service, name and port, pod, address, serving. A deletion writes: the end, the
	// pod's deletion, the finalizer.
	for _, after := range []bool{false, true} {
		for n := int32(1); n <= 11; n++ {
			moment := map[bool]string{false: "before", true: "after"}[after]
			It(fmt.Sprintf("%s write %d leaves one pod and one port, or nothing", moment, n), func(ctx SpecContext) {
				w := newWorld(func(s *settings.Settings) { s.PortMax = s.PortMin + 1 })
				crash := &crashPoint{at: n, after: after, crashed: make(chan struct{})}
				w.wrap = crash.wrap
				w.start()
				w.create("hello", nil)
				w.playUntilServing(crash.crashed)
				w.deleteUnless(ctx, crash.crashed)
				Eventually(crash.crashed).Should(BeClosed())
				w.stop()

				w.wrap = nil
				w.start()
				if w.survives(ctx) {
					w.playUntilServing(nil)
					Expect(w.pods()).To(HaveLen(1))
					Expect(w.get("hello").Status.Port).To(BeElementOf(int32(3001), int32(3002)))
					Expect(api.Delete(ctx, w.get("hello"))).To(Succeed())
				}
				Eventually(func() bool { return w.absent(ctx) }).Should(BeTrue())
				Expect(w.pods()).To(BeEmpty())

				// Both ports are free: two instances run at once.
				w.run("one", nil)
				w.run("two", nil)
				Expect(w.get("one").Status.Port).NotTo(Equal(w.get("two").Status.Port))
			})
		}
	}
})

func (w *world) absent(ctx context.Context) bool {
	return apierrors.IsNotFound(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "hello"}, &v1alpha1.PreviewInstance{}))
}

// survives reports whether the instance is still there and wanted.
func (w *world) survives(ctx context.Context) bool {
	instance := &v1alpha1.PreviewInstance{}
	err := api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "hello"}, instance)
	return err == nil && instance.DeletionTimestamp.IsZero()
}

// playUntilServing plays the kubelet for pods as they come, until the instance serves or the manager has crashed.
func (w *world) playUntilServing(crashed <-chan struct{}) {
	Eventually(func() bool {
		select {
		case <-crashed:
			return true
		default:
		}
		for _, pod := range w.pods() {
			if pod.Status.Phase != corev1.PodRunning && pod.DeletionTimestamp == nil {
				w.startPod(&pod)
			}
		}
		return w.get("hello").Status.Phase == v1alpha1.PhaseRunning
	}).Should(BeTrue())
}

// deleteUnless deletes the instance if the manager has not crashed before.
func (w *world) deleteUnless(ctx context.Context, crashed <-chan struct{}) {
	select {
	case <-crashed:
	default:
		Expect(api.Delete(ctx, w.get("hello"))).To(Succeed())
	}
}
