package controllers

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
)

var _ = Describe("Settings that change", func() {
	It("count for instances that run or have finished already", func(ctx SpecContext) {
		w := newWorld(nil)
		change := w.makeLive()
		w.start()
		started := w.run("runs", nil).Status.StartedAt.Time
		w.run("idles", func(s *v1alpha1.PreviewInstanceSpec) { s.MaxUptimeSeconds = ptr.To(int32(86400)) })
		w.run("own", func(s *v1alpha1.PreviewInstanceSpec) {
			s.SessionTimeoutSeconds, s.MaxUptimeSeconds = ptr.To(int32(86400)), ptr.To(int32(86400))
		})
		w.run("finished", nil)
		w.setDesired("finished", v1alpha1.DesiredStopped)
		Eventually(w.phase("finished")).Should(Equal(v1alpha1.PhaseStopped))
		own := w.get("own")

		// Longer: the new times are told, and nothing ends.
		change(map[string]string{"PREVIEW_SESSION_TIMEOUT": "3600", "PREVIEW_MAX_UPTIME": "7200", "PREVIEW_TTL_AFTER_FINISHED": "7200"})
		Eventually(func() time.Duration { return w.get("runs").Status.MaxUptimeAt.Sub(started) }).Should(Equal(2 * time.Hour))
		Expect(w.get("runs").Status.SessionExpiresAt.Sub(started)).To(Equal(time.Hour))
		Eventually(func() time.Duration {
			status := w.get("finished").Status
			return status.ExpiresAt.Sub(status.StoppedAt.Time)
		}).Should(Equal(2 * time.Hour))

		// Shorter: they act at once. Who has times of its own is not concerned, nor written.
		change(map[string]string{"PREVIEW_SESSION_TIMEOUT": "1", "PREVIEW_MAX_UPTIME": "1"})
		Eventually(w.status("runs")).Should(And(HaveField("Phase", v1alpha1.PhaseStopped), HaveField("Reason", v1alpha1.ReasonMaxUptime)))
		Eventually(w.status("idles")).Should(And(HaveField("Phase", v1alpha1.PhaseStopped), HaveField("Reason", v1alpha1.ReasonSessionTimeout)))
		change(map[string]string{"PREVIEW_TTL_AFTER_FINISHED": "0"})
		for _, name := range []string{"runs", "idles", "finished"} {
			w.eventuallyAbsent(ctx, name)
		}
		Expect(w.get("own").ResourceVersion).To(Equal(own.ResourceVersion))
	})

	It("keep new instances waiting while previews are turned off, and leave those alone that run", func() {
		w := newWorld(nil)
		change := w.makeLive()
		change(map[string]string{"PREVIEW_ENABLED": "true"})
		w.start()
		before := w.run("before", nil)
		w.create("early", nil)
		early := w.podOf("early")
		change(map[string]string{"PREVIEW_ENABLED": "false"})
		Eventually(func() bool { return w.live.Current().Enabled }).Should(BeFalse())

		w.create("late", nil)
		Eventually(w.status("late")).Should(And(
			HaveField("Phase", v1alpha1.PhaseStarting), HaveField("Reason", v1alpha1.ReasonDisabled), HaveField("Port", BeZero())))
		Expect(w.get("before").ResourceVersion).To(Equal(before.ResourceVersion))
		w.startPod(early)
		Eventually(w.phase("early")).Should(Equal(v1alpha1.PhaseRunning))

		change(map[string]string{"PREVIEW_ENABLED": "true"})
		w.startPod(w.podOf("late"))
		Eventually(w.phase("late")).Should(Equal(v1alpha1.PhaseRunning))
	})
})

var _ = Describe("A finished PreviewInstance", func() {
	fail := func(w *world, name string) *corev1.Pod {
		GinkgoHelper()
		pod := w.podOf(name)
		w.endPod(pod, corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 3})
		return pod
	}

	It("that failed is kept with its pod for its time to live, then collected with it", func(ctx SpecContext) {
		w := newWorld(nil)
		var offset atomic.Int64
		w.now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		w.start()
		w.run("broken", func(s *v1alpha1.PreviewInstanceSpec) { s.TTLSecondsAfterFinished = ptr.To(int32(600)) })
		pod := fail(w, "broken")
		Eventually(w.status("broken")).Should(And(HaveField("Phase", v1alpha1.PhaseFailed), HaveField("ExpiresAt", Not(BeNil()))))
		status := w.get("broken").Status
		Expect(status.ExpiresAt.Sub(status.StoppedAt.Time)).To(Equal(10 * time.Minute))

		offset.Store(int64(9 * time.Minute))
		w.annotate("broken", "touch", "1")
		// An instance that cannot be accepted passes through the same queue.
		w.create("other", func(s *v1alpha1.PreviewInstanceSpec) { s.RuntimeName = "missing" })
		Eventually(w.status("other")).Should(HaveField("Reason", v1alpha1.ReasonRuntimeNotFound))
		Expect(w.get("broken").Status.Phase).To(Equal(v1alpha1.PhaseFailed))
		Expect(w.get("broken").Status.PodName).To(Equal(pod.Name))
		Expect(w.get("broken").Finalizers).To(ConsistOf(v1alpha1.Finalizer))
		Expect(api.Get(ctx, client.ObjectKeyFromObject(pod), pod)).To(Succeed())

		offset.Store(int64(11 * time.Minute))
		w.annotate("broken", "touch", "2")
		w.eventuallyAbsent(ctx, "broken")
		Expect(apierrors.IsNotFound(api.Get(ctx, client.ObjectKeyFromObject(pod), pod))).To(BeTrue())
	})

	It("that failed loses its pod when its runner does not end within the time to stop", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.StopGrace = 30 * time.Second })
		var offset atomic.Int64
		w.now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		w.runner.hold = make(chan struct{})
		w.start()
		w.create("hangs", nil)
		pod := w.podOf("hangs")
		Expect(pod.Spec.TerminationGracePeriodSeconds).To(HaveValue(BeNumerically(">=", int64(30))))
		w.runner.answer(string(w.get("hangs").UID), runnerapi.Result{State: runnerapi.StateFailed}, nil)
		close(w.runner.hold)
		w.startPod(pod)
		Eventually(w.phase("hangs")).Should(Equal(v1alpha1.PhaseStopping))

		offset.Store(int64(33 * time.Second))
		w.annotate("hangs", "touch", "1")
		w.create("other", func(s *v1alpha1.PreviewInstanceSpec) { s.RuntimeName = "missing" })
		Eventually(w.status("other")).Should(HaveField("Reason", v1alpha1.ReasonRuntimeNotFound))
		Expect(w.pods()).To(HaveLen(1))

		offset.Store(int64(40 * time.Second))
		w.annotate("hangs", "touch", "2")
		Eventually(w.pods).Should(BeEmpty())
		Eventually(w.phase("hangs")).Should(Equal(v1alpha1.PhaseFailed))
	})

	It("with a time to live of zero is collected at once, however it ended", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.TTLAfterFinished = 0 })
		w.start()
		w.run("fails", nil)
		w.run("stops", nil)
		w.run("ages", func(s *v1alpha1.PreviewInstanceSpec) { s.MaxUptimeSeconds = ptr.To(int32(1)) })
		w.create("invalid", func(s *v1alpha1.PreviewInstanceSpec) { s.MemoryLimitMB = ptr.To(int32(4096)) })
		w.run("kept", func(s *v1alpha1.PreviewInstanceSpec) { s.TTLSecondsAfterFinished = ptr.To(int32(600)) })
		fail(w, "fails")
		w.setDesired("stops", v1alpha1.DesiredStopped)
		w.setDesired("kept", v1alpha1.DesiredStopped)
		for _, name := range []string{"fails", "stops", "ages", "invalid"} {
			w.eventuallyAbsent(ctx, name)
		}
		Eventually(w.phase("kept")).Should(Equal(v1alpha1.PhaseStopped))
		Expect(w.pods()).To(BeEmpty())
	})

	It("loses no pod that its cache does not know yet", func(ctx SpecContext) {
		w := newWorld(nil)
		w.wrap = func(inner client.WithWatch) client.Client {
			return interceptor.NewClient(inner, interceptor.Funcs{
				Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
					if _, isPod := o.(*corev1.Pod); isPod {
						return apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, key.Name)
					}
					return c.Get(ctx, key, o, options...)
				},
			})
		}
		w.start()
		w.create("hello", nil)
		w.podOf("hello")
		w.setDesired("hello", v1alpha1.DesiredStopped)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseStopped))
		Expect(w.pods()).To(BeEmpty())
	})
})

var _ = Describe("A range of 1000 ports", func() {
	It("serves more than 100 instances, each on a port of its own that the NetworkPolicy lets through", func(ctx SpecContext) {
		const count = 150
		w := newWorld(func(s *settings.Settings) { s.PortMax = 4000 })
		w.start()
		for i := range count {
			w.create(fmt.Sprintf("many-%03d", i), nil)
		}
		ports := map[int32]string{}
		Eventually(func() int {
			for _, pod := range w.pods() {
				if pod.Status.Phase != corev1.PodRunning {
					w.startPod(&pod)
				}
			}
			list := &v1alpha1.PreviewInstanceList{}
			Expect(api.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
			running := 0
			for _, instance := range list.Items {
				if instance.Status.Phase == v1alpha1.PhaseRunning {
					running++
					ports[instance.Status.Port] = instance.Name
				}
			}
			return running
		}).WithTimeout(2 * time.Minute).WithPolling(200 * time.Millisecond).Should(Equal(count))
		Expect(ports).To(HaveLen(count))
		for port := range ports {
			Expect(port).To(And(BeNumerically(">=", 3001), BeNumerically("<=", 4000)))
		}
		policy := &networkingv1.NetworkPolicy{}
		Expect(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: v1alpha1.NetworkPolicyName}, policy)).To(Succeed())
		Expect(policy.Spec.Ingress[0].Ports).To(ContainElement(And(
			HaveField("Port.IntVal", int32(3001)), HaveField("EndPort", HaveValue(Equal(int32(4000)))))))

		// A new leader finds all of them.
		w.stop()
		w.start()
		Expect(ports).NotTo(HaveKey(w.run("next", nil).Status.Port))
	})
})
