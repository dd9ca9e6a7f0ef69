package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

var _ = Describe("A PreviewInstance", func() {
	It("is brought to serve, and then nothing is written any more", func(ctx SpecContext) {
		w := newWorld(nil)
		w.start()
		instance := w.run("hello", nil)

		status := instance.Status
		Expect(status.Port).To(Equal(int32(3001)))
		Expect(status.Host).To(Equal(status.PodName + ".previews." + w.namespace + ".svc.cluster.local"))
		Expect(status.BaseURL).To(Equal("http://" + status.Host + ":3001"))
		Expect(status.PodIP).To(Equal("10.0.0.7"))
		Expect(status.MemoryLimitMB).To(Equal(int32(512)))
		Expect(status.ExpiresAt.Sub(status.StartedAt.Time)).To(Equal(30 * time.Minute))
		Expect(status.SessionExpiresAt.Sub(status.StartedAt.Time)).To(Equal(30 * time.Minute))
		Expect(status.MaxUptimeAt.Sub(status.StartedAt.Time)).To(Equal(time.Hour))
		Expect(status.Restarts).To(BeZero())
		for _, kind := range []string{"Accepted", "PortAllocated", "PodReady", "CodeLoaded", "Serving", "Ready"} {
			Expect(meta.IsStatusConditionTrue(status.Conditions, kind)).To(BeTrue(), kind)
		}
		assigned := w.runner.assignments(status.PodName)
		Expect(assigned).To(HaveLen(1))
		Expect(assigned[0].ID).To(Equal(string(instance.UID)))
		Expect(assigned[0].Port).To(Equal(int32(3001)))

		// Rule 5: an event that changes nothing leads to no write. The second instance shows that the event of the
		// first was worked off: both pass through the same queue.
		pod := w.podOf("hello")
		pod.Labels["touched"] = "yes"
		Expect(api.Update(ctx, pod)).To(Succeed())
		w.run("second", nil)
		Expect(w.get("hello").ResourceVersion).To(Equal(instance.ResourceVersion))
	})

	It("asks the API server for no write that would change nothing", func(ctx SpecContext) {
		w := newWorld(nil)
		count := &crashPoint{at: math.MaxInt32, crashed: make(chan struct{})}
		w.wrap = count.wrap
		w.start()
		w.run("hello", nil)
		writes := count.writes.Load()
		pod := w.podOf("hello")
		pod.Labels["touched"] = "yes"
		Expect(api.Update(ctx, pod)).To(Succeed())
		w.annotate("hello", "touch", "1")
		// An instance that cannot be accepted passes through the same queue.
		w.create("other", func(s *v1alpha1.PreviewInstanceSpec) { s.RuntimeName = "missing" })
		Eventually(w.status("other")).Should(HaveField("Reason", v1alpha1.ReasonRuntimeNotFound))
		// Two writes are the other's: its finalizer and its status.
		Expect(count.writes.Load()).To(Equal(writes + 2))
	})

	It("neither takes nor deletes a pod that is somebody else's", func(ctx SpecContext) {
		w := newWorld(nil)
		foreign := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "foreign", Namespace: w.namespace, Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentPreview}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}
		Expect(api.Create(ctx, foreign)).To(Succeed())
		instance := w.create("hello", nil)
		instance.Status.PodName = foreign.Name
		Expect(api.Status().Update(ctx, instance)).To(Succeed())
		w.start()
		Eventually(func() string { return w.get("hello").Status.PodName }).ShouldNot(Or(BeEmpty(), Equal(foreign.Name)))
		own := w.podOf("hello")
		Expect(metav1.IsControlledBy(own, w.get("hello"))).To(BeTrue())
		w.startPod(own)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(api.Delete(ctx, w.get("hello"))).To(Succeed())
		Eventually(func() []string {
			var names []string
			for _, pod := range w.pods() {
				names = append(names, pod.Name)
			}
			return names
		}).Should(ConsistOf(foreign.Name))
	})

	It("has its NetworkPolicy and Service before its pod (incident 8)", func(ctx SpecContext) {
		w := newWorld(nil)
		w.start()
		w.create("hello", nil)
		pod := w.podOf("hello")
		policy, service := &networkingv1.NetworkPolicy{}, &corev1.Service{}
		Expect(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: v1alpha1.NetworkPolicyName}, policy)).To(Succeed())
		Expect(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: v1alpha1.ServiceName}, service)).To(Succeed())
		Expect(resourceVersion(policy)).To(BeNumerically("<", resourceVersion(pod)))
		Expect(resourceVersion(service)).To(BeNumerically("<", resourceVersion(pod)))
		Expect(service.Spec.ClusterIP).To(Equal("None"))
		Expect(metav1.IsControlledBy(pod, w.get("hello"))).To(BeTrue())
	})

	It("gives its runner no assignment, whose time would run, before the runner is ready", func() {
		w := newWorld(nil)
		w.runner.unready = make(chan struct{})
		w.start()
		w.create("hello", nil)
		pod := w.podOf("hello")
		w.startPod(pod)
		Eventually(w.status("hello")).Should(HaveField("Reason", v1alpha1.ReasonLoading))
		Expect(w.runner.assignments(pod.Name)).To(BeEmpty())
		close(w.runner.unready)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
	})

	It("repairs a NetworkPolicy that was loosened", func(ctx SpecContext) {
		w := newWorld(nil)
		w.start()
		w.run("first", nil)
		key := client.ObjectKey{Namespace: w.namespace, Name: v1alpha1.NetworkPolicyName}
		policy := &networkingv1.NetworkPolicy{}
		Expect(api.Get(ctx, key, policy)).To(Succeed())
		strict := policy.Spec.DeepCopy()
		policy.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{}}
		Expect(api.Update(ctx, policy)).To(Succeed())
		w.create("second", nil)
		Eventually(func() networkingv1.NetworkPolicySpec {
			Expect(api.Get(ctx, key, policy)).To(Succeed())
			return policy.Spec
		}).Should(Equal(*strict))
	})

	DescribeTable("fails with what its runner reports",
		func(result runnerapi.Result, err error, reason, message string) {
			w := newWorld(nil)
			w.runner.hold = make(chan struct{})
			w.start()
			w.create("broken", nil)
			pod := w.podOf("broken")
			w.runner.answer(string(w.get("broken").UID), result, err)
			close(w.runner.hold)
			w.startPod(pod)
			Eventually(func() *v1alpha1.Failure { return w.get("broken").Status.LastFailure }).ShouldNot(BeNil())
			Expect(w.get("broken").Status.LastFailure.Reason).To(Equal(reason))
			Expect(w.get("broken").Status.LastFailure.Message).To(ContainSubstring(message))
			Expect(w.get("broken").Status.PodIP).To(BeEmpty())

			// The runner ends by itself; its pod is kept for its logs, its port is not.
			w.endPod(pod, corev1.ContainerStateTerminated{ExitCode: 1})
			Eventually(w.phase("broken")).Should(Equal(v1alpha1.PhaseFailed))
			Expect(w.get("broken").Status.Port).To(BeZero())
			Expect(w.pods()).To(HaveLen(1))
		},
		Entry("import error", runnerapi.Result{State: runnerapi.StateFailed, Failure: &runnerapi.Failure{
			Reason: "ImportError", Message: "ModuleNotFoundError: No module named 'x'", ExitCode: ptr.To(int32(1))}}, nil,
			v1alpha1.ReasonImportError, "No module named 'x'"),
		Entry("a reason that no runner has", runnerapi.Result{State: runnerapi.StateFailed, Failure: &runnerapi.Failure{
			Reason: "Hacked", Message: "\x1b[31m" + strings.Repeat("a", 5000)}}, nil, v1alpha1.ReasonAppExited, "aaa"),
		Entry("no failure at all", runnerapi.Result{State: runnerapi.StateFailed}, nil, v1alpha1.ReasonAppExited, ""),
		Entry("a state that no runner has", runnerapi.Result{State: "dancing"}, nil, v1alpha1.ReasonRunnerUnreachable, "unknown state"),
		Entry("an error", runnerapi.Result{}, errors.New("connection refused"), v1alpha1.ReasonRunnerUnreachable, "connection refused"),
	)

	DescribeTable("fails with the reason why its pod ended",
		func(ended corev1.ContainerStateTerminated, reason, message string, exitCode int) {
			w := newWorld(nil)
			w.start()
			w.run("crash", nil)
			w.endPod(w.podOf("crash"), ended)
			Eventually(w.phase("crash")).Should(Equal(v1alpha1.PhaseFailed))
			failure := w.get("crash").Status.LastFailure
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Message).To(ContainSubstring(message))
			Expect(*failure.ExitCode).To(Equal(int32(exitCode)))
		},
		Entry("the kubelet saw an OOM kill", corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137}, v1alpha1.ReasonOOMKilled, "512Mi", 137),
		Entry("the runner saw an OOM kill", corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 137, Message: `{"reason":"OOMKilled","exitCode":137}`}, v1alpha1.ReasonOOMKilled, "512Mi", 137),
		Entry("exit code", corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 7, Message: `{"reason":"AppExited","message":"exit","exitCode":7}`}, v1alpha1.ReasonAppExited, "exit", 7),
		Entry("a message that is no JSON", corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 3, Message: "boom"}, v1alpha1.ReasonAppExited, "without saying why", 3),
	)

	It("is stopped, keeps its status, and starts afresh in another pod", func() {
		w := newWorld(nil)
		w.start()
		first := w.run("hello", nil).Status
		w.setDesired("hello", v1alpha1.DesiredStopped)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseStopped))
		stopped := w.get("hello").Status
		Expect(stopped.Reason).To(Equal(v1alpha1.ReasonStopRequested))
		Expect(stopped.StoppedAt).NotTo(BeNil())
		Expect(stopped.Port).To(BeZero())
		Expect(stopped.SessionExpiresAt).To(BeNil())
		Expect(stopped.MaxUptimeAt).To(BeNil())
		Eventually(func() []string { return w.get("hello").Finalizers }).Should(BeEmpty())
		Expect(w.pods()).To(BeEmpty())

		w.setDesired("hello", v1alpha1.DesiredRunning)
		pod := &corev1.Pod{}
		Eventually(func() string { pod = w.podOf("hello"); return pod.Name }).ShouldNot(Equal(first.PodName))
		w.startPod(pod)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.get("hello").Status.StoppedAt).To(BeNil())
		Expect(w.get("hello").Status.Restarts).To(Equal(int32(1)))
		Expect(w.get("hello").Finalizers).To(ConsistOf(v1alpha1.Finalizer))

		w.setDesired("hello", v1alpha1.DesiredStopped)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseStopped))
		Expect(w.get("hello").Status.Restarts).To(Equal(int32(1)))
	})

	It("is written twice when it is stopped and deleted: that it ends, and that nothing holds it any more", func(ctx SpecContext) {
		w := newWorld(nil)
		w.start()
		w.run("hello", nil)
		w.stop()
		pod := w.podOf("hello")
		const holder = "example.com/terminating"
		Expect(api.Patch(ctx, pod, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["`+holder+`"]}}`)))).To(Succeed())
		writes := newWriteLog("hello")
		w.wrap = writes.wrap
		w.start()

		w.setDesired("hello", v1alpha1.DesiredStopped)
		Eventually(func() *metav1.Time { return w.podOf("hello").DeletionTimestamp }).ShouldNot(BeNil())
		instance := w.get("hello")
		Expect(instance.Status.Phase).To(Equal(v1alpha1.PhaseStopping))
		w.endPod(pod, corev1.ContainerStateTerminated{})
		Expect(api.Delete(ctx, instance)).To(Succeed())
		Expect(api.Patch(ctx, pod, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))).To(Succeed())
		Eventually(func() bool {
			return apierrors.IsNotFound(api.Get(ctx, client.ObjectKeyFromObject(instance), instance))
		}).Should(BeTrue())
		Expect(writes.list()).To(Equal([]string{"status", "update"}))
	})

	It("leaves neither pod nor port behind when it is deleted", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.PortMax = s.PortMin })
		w.start()
		instance := w.run("hello", nil)
		Expect(api.Delete(ctx, instance)).To(Succeed())
		Eventually(func() bool {
			return apierrors.IsNotFound(api.Get(ctx, client.ObjectKeyFromObject(instance), instance))
		}).Should(BeTrue())
		Expect(w.pods()).To(BeEmpty())
		Expect(w.run("next", nil).Status.Port).To(Equal(int32(3001)))
	})

	It("frees its port when its finalizer was taken away by force", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.PortMax = s.PortMin })
		w.start()
		instance := w.run("hello", nil)
		instance.Finalizers = nil
		Expect(api.Update(ctx, instance)).To(Succeed())
		Expect(api.Delete(ctx, instance)).To(Succeed())
		Expect(api.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(w.namespace))).To(Succeed())
		Expect(w.run("next", nil).Status.Port).To(Equal(int32(3001)))
	})

	It("waits for a port or fails, as it says", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.PortMax = s.PortMin + 1 })
		w.start()
		holder := w.run("a", nil)
		w.run("b", nil)

		w.create("fails", func(s *v1alpha1.PreviewInstanceSpec) { s.WhenFull = v1alpha1.WhenFullFail })
		Eventually(w.phase("fails")).Should(Equal(v1alpha1.PhaseFailed))
		Expect(w.get("fails").Status.LastFailure.Reason).To(Equal(v1alpha1.ReasonPortsExhausted))
		Expect(w.get("fails").Status.LastFailure.Message).To(ContainSubstring("3001 to 3002"))

		w.create("waits", nil)
		Eventually(w.status("waits")).Should(HaveField("Reason", v1alpha1.ReasonPortsExhausted))
		Expect(w.get("waits").Status.Phase).To(Equal(v1alpha1.PhaseStarting))

		Expect(api.Delete(ctx, holder)).To(Succeed())
		w.startPod(w.podOf("waits"))
		Eventually(w.phase("waits")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.get("waits").Status.Port).To(Equal(int32(3001)))
	})

	DescribeTable("is refused code that is not its user's",
		func(generations generationMap, reason string) {
			w := newWorld(nil)
			w.generations = generations
			w.start()
			w.create("hello", func(s *v1alpha1.PreviewInstanceSpec) {
				s.Source = v1alpha1.Source{Generation: &v1alpha1.GenerationSource{}}
			})
			Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseFailed))
			Expect(w.get("hello").Status.Reason).To(Equal(reason))
			Expect(meta.FindStatusCondition(w.get("hello").Status.Conditions, v1alpha1.ConditionAccepted).Reason).To(Equal(reason))
			Expect(w.pods()).To(BeEmpty())
		},
		Entry("another user's", generationMap{"gen-hello": {UserID: "bob"}}, v1alpha1.ReasonGenerationNotOwned),
		Entry("another user's that cannot be run", generationMap{"gen-hello": {UserID: "bob", ProjectID: "unusable"}}, v1alpha1.ReasonGenerationNotOwned),
		Entry("nobody's", generationMap{}, v1alpha1.ReasonGenerationNotFound),
	)

	It("runs its own user's generation", func() {
		w := newWorld(nil)
		w.generations["gen-hello"] = store.Meta{UserID: "alice"}
		w.start()
		instance := w.run("hello", func(s *v1alpha1.PreviewInstanceSpec) {
			s.Source = v1alpha1.Source{Generation: &v1alpha1.GenerationSource{}}
		})
		Expect(string(w.runner.code[string(instance.UID)])).To(Equal("archive of gen-hello"))
	})

	It("is told what is wrong with files that cannot be run", func() {
		w := newWorld(nil)
		w.generations["gen-hello"] = store.Meta{UserID: "alice", ProjectID: "unusable"}
		w.start()
		w.create("hello", func(s *v1alpha1.PreviewInstanceSpec) {
			s.Source = v1alpha1.Source{Generation: &v1alpha1.GenerationSource{}}
		})
		w.startPod(w.podOf("hello"))
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseFailed))
		Expect(w.get("hello").Status.Reason).To(Equal(v1alpha1.ReasonCodeRejected))
		Expect(w.get("hello").Status.LastFailure.Message).To(ContainSubstring(`"../main.py"`))
	})

	It("waits for its runtime", func(ctx SpecContext) {
		w := newWorld(nil)
		w.start()
		w.create("hello", func(s *v1alpha1.PreviewInstanceSpec) { s.RuntimeName = "later" })
		Eventually(w.status("hello")).Should(HaveField("Reason", v1alpha1.ReasonRuntimeNotFound))
		Expect(api.Create(ctx, &v1alpha1.PreviewRuntime{
			ObjectMeta: metav1.ObjectMeta{Name: "later", Namespace: w.namespace},
			Spec:       v1alpha1.PreviewRuntimeSpec{Image: "later", MemoryLimitMB: ptr.To(int32(128))},
		})).To(Succeed())
		Expect(w.podOf("hello").Spec.Containers[0].Resources.Limits.Memory().String()).To(Equal("128Mi"))
	})

	DescribeTable("is refused what only the manager can check",
		func(change func(*v1alpha1.PreviewInstanceSpec), message string) {
			w := newWorld(nil)
			w.start()
			w.create("hello", change)
			Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseFailed))
			Expect(w.get("hello").Status.Reason).To(Equal(v1alpha1.ReasonInvalidSpec))
			Expect(w.get("hello").Status.LastFailure.Message).To(ContainSubstring(message))
		},
		Entry("memory beyond the installation's bound", func(s *v1alpha1.PreviewInstanceSpec) { s.MemoryLimitMB = ptr.To(int32(4096)) }, "spec.memoryLimitMB is 4096"),
		Entry("an environment that is too large", func(s *v1alpha1.PreviewInstanceSpec) {
			for i := range 40 {
				s.Env = append(s.Env, v1alpha1.EnvVar{Name: fmt.Sprintf("V%d", i), Value: strings.Repeat("v", 8000)})
			}
		}, "spec.env has 320"),
	)

	It("fails when its pod is deleted by somebody else", func(ctx SpecContext) {
		w := newWorld(nil)
		w.start()
		w.run("hello", nil)
		Expect(api.Delete(ctx, w.podOf("hello"))).To(Succeed())
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseFailed))
		Expect(w.get("hello").Status.LastFailure.Reason).To(Equal(v1alpha1.ReasonPodLost))
	})

	It("fails when its pod does not start in time, and says what it waits for", func() {
		w := newWorld(func(s *settings.Settings) { s.PodStartTimeout = time.Second })
		w.start()
		w.create("hello", nil)
		w.setPod(w.podOf("hello"), func(status *corev1.PodStatus) {
			status.ContainerStatuses = []corev1.ContainerStatus{{Name: "runner", State: corev1.ContainerState{
				Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}
		})
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseFailed))
		Expect(w.get("hello").Status.LastFailure).To(HaveField("Reason", v1alpha1.ReasonPodStartTimeout))
		Expect(w.get("hello").Status.LastFailure).To(HaveField("Message", ContainSubstring("ImagePullBackOff")))
		Expect(w.pods()).To(BeEmpty())
	})

	It("is stopped when it is idle, kept alive by activity, and collected after its time to live", func(ctx SpecContext) {
		w := newWorld(nil)
		var offset atomic.Int64
		w.now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		w.start()
		w.run("hello", func(s *v1alpha1.PreviewInstanceSpec) { s.TTLSecondsAfterFinished = ptr.To(int32(600)) })

		// Twenty minutes later it is used, so it may live for thirty more.
		offset.Store(int64(20 * time.Minute))
		w.annotate("hello", v1alpha1.AnnotationLastActivity, w.now().UTC().Format(time.RFC3339))
		Eventually(func() time.Duration {
			status := w.get("hello").Status
			return status.ExpiresAt.Sub(status.StartedAt.Time).Round(time.Minute)
		}).Should(Equal(50 * time.Minute))
		used := w.get("hello").Status
		Expect(used.SessionExpiresAt).To(Equal(used.ExpiresAt))
		Expect(used.MaxUptimeAt.Sub(used.StartedAt.Time)).To(Equal(time.Hour))

		offset.Store(int64(51 * time.Minute))
		w.annotate("hello", "touch", "1")
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseStopped))
		Expect(w.get("hello").Status.Reason).To(Equal(v1alpha1.ReasonSessionTimeout))

		offset.Store(int64(62 * time.Minute))
		w.annotate("hello", "touch", "2")
		Eventually(func() bool {
			return apierrors.IsNotFound(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "hello"}, &v1alpha1.PreviewInstance{}))
		}).Should(BeTrue())
	})

	It("tells its story in events", func(ctx SpecContext) {
		w := newWorld(nil)
		w.start()
		w.run("hello", nil)
		w.setDesired("hello", v1alpha1.DesiredStopped)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseStopped))
		Eventually(func() []string {
			list := &corev1.EventList{}
			Expect(api.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
			var reasons []string
			for _, e := range list.Items {
				reasons = append(reasons, e.Reason)
			}
			return reasons
		}).Should(ConsistOf("PortAllocated", "PodCreated", "Running", "Stopping", "PortReleased"))
	})
})

func (w *world) annotate(name, key, value string) {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{key: value}}})
	Expect(err).NotTo(HaveOccurred())
	Expect(api.Patch(context.Background(), w.get(name), client.RawPatch("application/merge-patch+json", patch))).To(Succeed())
}

func resourceVersion(o client.Object) int {
	var n int
	_, err := fmt.Sscan(o.GetResourceVersion(), &n)
	Expect(err).NotTo(HaveOccurred())
	return n
}
