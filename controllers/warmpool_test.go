package controllers

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// runtime reads the runtime of the world.
func (w *world) runtime() *v1alpha1.PreviewRuntime {
	GinkgoHelper()
	runtime := &v1alpha1.PreviewRuntime{}
	Expect(api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: v1alpha1.DefaultRuntimeName}, runtime)).To(Succeed())
	return runtime
}

// setRuntime changes the spec of the runtime.
func (w *world) setRuntime(change func(*v1alpha1.PreviewRuntimeSpec)) {
	GinkgoHelper()
	Eventually(func() error {
		runtime := w.runtime()
		change(&runtime.Spec)
		return api.Update(context.Background(), runtime)
	}).Should(Succeed())
}

func poolOf(size int32) func(*v1alpha1.PreviewRuntimeSpec) {
	return func(spec *v1alpha1.PreviewRuntimeSpec) { spec.Warm = &v1alpha1.WarmPool{Size: &size} }
}

// fakeKubelet runs the pods of the world on one node as they come, and lets them go when they are deleted. It stops
// starting pods while paused.
type fakeKubelet struct {
	w      *world
	node   atomic.Pointer[string]
	paused atomic.Bool
}

// setNode says where the next pods run.
func (k *fakeKubelet) setNode(name string) { k.node.Store(&name) }

func (w *world) runKubelet(node string) *fakeKubelet {
	k := &fakeKubelet{w: w}
	k.setNode(node)
	stop, ended := make(chan struct{}), make(chan struct{})
	DeferCleanup(func() { close(stop); <-ended })
	go func() {
		defer close(ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				k.round()
			}
		}
	}()
	return k
}

// round brings every pod one step further; what somebody else has changed meanwhile is left for the next.
func (k *fakeKubelet) round() {
	list := &corev1.PodList{}
	if api.List(context.Background(), list, client.InNamespace(k.w.namespace)) != nil {
		return
	}
	for i := range list.Items {
		pod := &list.Items[i]
		switch {
		case pod.DeletionTimestamp != nil:
			_ = api.Delete(context.Background(), pod, client.GracePeriodSeconds(0))
		case pod.Spec.NodeName == "":
			binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}, Target: corev1.ObjectReference{Kind: "Node", Name: *k.node.Load()}}
			_ = api.SubResource("binding").Create(context.Background(), pod, binding)
		case pod.Status.Phase == corev1.PodPending && !k.paused.Load():
			pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, "10.0.0.7", []corev1.PodIP{{IP: "10.0.0.7"}}
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
				Name: "runner", Image: "i", ImageID: "i", Ready: true,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
			}}
			_ = api.Status().Update(context.Background(), pod)
		}
	}
}

func (w *world) makeNode() *corev1.Node {
	GinkgoHelper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{GenerateName: "node-"}}
	Expect(api.Create(context.Background(), node)).To(Succeed())
	DeferCleanup(func() { Expect(client.IgnoreNotFound(api.Delete(context.Background(), node))).To(Succeed()) })
	return node
}

func cordon(node *corev1.Node, unschedulable bool) {
	GinkgoHelper()
	patch := fmt.Sprintf(`{"spec":{"unschedulable":%t}}`, unschedulable)
	Expect(api.Patch(context.Background(), node, client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
}

// waiting are the pods of the pool that are not being deleted.
func (w *world) waiting() []corev1.Pod {
	GinkgoHelper()
	var pods []corev1.Pod
	for _, pod := range w.pods() {
		if pod.DeletionTimestamp == nil && pod.Labels[v1alpha1.LabelWarm] == v1alpha1.WarmUnclaimed {
			pods = append(pods, pod)
		}
	}
	return pods
}

func uids(pods []corev1.Pod) map[types.UID]bool {
	set := map[types.UID]bool{}
	for i := range pods {
		set[pods[i].UID] = true
	}
	return set
}

// full waits until the status says that as many pods are ready as should be, of the revision of the spec.
func (w *world) full(size int32) v1alpha1.WarmStatus {
	GinkgoHelper()
	var warm v1alpha1.WarmStatus
	Eventually(func(g Gomega) {
		runtime := w.runtime()
		g.Expect(runtime.Status.ObservedGeneration).To(Equal(runtime.Generation))
		warm = ptr.Deref(runtime.Status.Warm, v1alpha1.WarmStatus{})
		g.Expect(warm).To(Equal(v1alpha1.WarmStatus{Desired: size, Ready: size, Revision: warm.Revision}))
		g.Expect(w.waiting()).To(HaveLen(int(size)))
	}).Should(Succeed())
	return warm
}

// tally counts what a manager writes.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (t *tally) note(verb string, o client.Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[fmt.Sprintf("%s %T", verb, o)]++
}

func (t *tally) total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, c := range t.counts {
		n += c
	}
	return n
}

func (t *tally) of(verb string, o client.Object) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[fmt.Sprintf("%s %T", verb, o)]
}

func (t *tally) wrap(inner client.WithWatch) client.Client {
	return interceptor.NewClient(inner, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			t.note("create", o)
			return c.Create(ctx, o, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			t.note("update", o)
			return c.Update(ctx, o, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			t.note("patch", o)
			return c.Patch(ctx, o, p, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			t.note("delete", o)
			return c.Delete(ctx, o, opts...)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, name string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			t.note("patch "+name, o)
			return c.SubResource(name).Patch(ctx, o, p, opts...)
		},
	})
}

var _ = Describe("The pool of a runtime", func() {
	It("is filled, behind the policy that isolates its pods, and then writes nothing", func() {
		w, writes := newWorld(nil), &tally{}
		w.setRuntime(poolOf(3))
		w.wrap = writes.wrap
		w.start()
		w.runKubelet("node")
		status := w.full(3)

		runtime := w.runtime()
		for _, pod := range w.waiting() {
			Expect(metav1.IsControlledBy(&pod, runtime)).To(BeTrue())
			Expect(pod.Labels).To(HaveKeyWithValue(v1alpha1.LabelRevision, status.Revision))
			Expect(pod.Labels).NotTo(HaveKey(v1alpha1.LabelInstanceUID))
			Expect(pod.Spec.Hostname).To(Equal(pod.Name))
		}
		policies := &networkingv1.NetworkPolicyList{}
		Expect(api.List(context.Background(), policies, client.InNamespace(w.namespace))).To(Succeed())
		Expect(policies.Items).To(HaveLen(1))
		Expect(writes.of("create", &corev1.Pod{})).To(Equal(3))

		before := writes.total()
		Consistently(writes.total, 2*time.Second, 100*time.Millisecond).Should(Equal(before))
	})

	It("stays as it is under the next manager, which asks every runner again", func() {
		w := newWorld(nil)
		w.setRuntime(poolOf(3))
		w.start()
		w.runKubelet("node")
		w.full(3)
		before := uids(w.waiting())
		w.stop()

		held := w.waiting()[0]
		w.runner.mu.Lock()
		w.runner.staged[held.Name] = "an assignment of before"
		w.runner.mu.Unlock()
		w.start()
		Eventually(func(g Gomega) {
			now := uids(w.waiting())
			g.Expect(now).To(HaveLen(3))
			g.Expect(now).NotTo(HaveKey(held.UID), "a pod that holds code was kept")
		}).Should(Succeed())
		w.full(3)
		kept := 0
		for uid := range uids(w.waiting()) {
			if before[uid] {
				kept++
			}
		}
		Expect(kept).To(Equal(2))
	})

	It("counts pods only once their runner has preloaded everything", func() {
		w := newWorld(nil)
		w.runner.loading.Store(true)
		w.setRuntime(poolOf(1))
		w.start()
		w.runKubelet("node")
		Eventually(func() v1alpha1.WarmStatus { return ptr.Deref(w.runtime().Status.Warm, v1alpha1.WarmStatus{}) }).
			Should(And(HaveField("Starting", BeEquivalentTo(1)), HaveField("Ready", BeZero())))
		w.runner.loading.Store(false)
		w.full(1)
	})

	DescribeTable("is rolled a few at a time when its pods would look different",
		func(change func(*v1alpha1.PreviewRuntimeSpec)) {
			w := newWorld(nil)
			w.setRuntime(poolOf(6))
			w.start()
			kubelet := w.runKubelet("node")
			first := w.full(6)

			kubelet.paused.Store(true)
			w.setRuntime(change)
			revisions := func() map[string]int {
				n := map[string]int{}
				for _, pod := range w.waiting() {
					n[pod.Labels[v1alpha1.LabelRevision]]++
				}
				return n
			}
			var next string
			Eventually(func(g Gomega) {
				g.Expect(revisions()).To(HaveLen(2))
			}).Should(Succeed())
			for revision := range revisions() {
				if revision != first.Revision {
					next = revision
				}
			}
			// Nothing of the new revision is ready: the old pods stay, should the change be taken back.
			Consistently(func(g Gomega) {
				n := revisions()
				g.Expect(n[first.Revision]).To(Equal(6))
				g.Expect(n[next]).To(BeNumerically("<=", 5))
			}, time.Second, 20*time.Millisecond).Should(Succeed())
			kubelet.paused.Store(false)
			Expect(w.full(6).Revision).To(Equal(next))
			Expect(revisions()).To(Equal(map[string]int{next: 6}))
		},
		Entry("image", func(s *v1alpha1.PreviewRuntimeSpec) { s.Image = "codebegen/preview-runtime-python:next" }),
		Entry("memory", func(s *v1alpha1.PreviewRuntimeSpec) { s.MemoryLimitMB = ptr.To(int32(256)) }),
	)

	It("replaces pods on a node that is drained, and leaves them when it is not any more", func() {
		w := newWorld(nil)
		node := w.makeNode()
		w.setRuntime(poolOf(2))
		w.start()
		kubelet := w.runKubelet(node.Name)
		w.full(2)
		before := uids(w.waiting())

		other := w.makeNode()
		kubelet.setNode(other.Name)
		kubelet.paused.Store(true)
		cordon(node, true)
		Eventually(func() int { return len(w.waiting()) }).Should(Equal(4))
		cordon(node, false)
		Eventually(func(g Gomega) { g.Expect(uids(w.waiting())).To(Equal(before)) }).WithTimeout(40 * time.Second).Should(Succeed())

		kubelet.paused.Store(false)
		cordon(node, true)
		Eventually(func(g Gomega) {
			pods := w.waiting()
			g.Expect(pods).To(HaveLen(2))
			for _, pod := range pods {
				g.Expect(pod.Spec.NodeName).To(Equal(other.Name))
			}
		}).Should(Succeed())
	})

	It("replaces a pod that has ended", func() {
		w := newWorld(nil)
		w.setRuntime(poolOf(2))
		w.start()
		w.runKubelet("node")
		w.full(2)
		ended := w.waiting()[0]
		w.endPod(&ended, corev1.ContainerStateTerminated{ExitCode: 1})
		Eventually(func(g Gomega) {
			now := uids(w.waiting())
			g.Expect(now).To(HaveLen(2))
			g.Expect(now).NotTo(HaveKey(ended.UID))
		}).Should(Succeed())
		w.full(2)
	})

	DescribeTable("is emptied",
		func(empty func(*world)) {
			w := newWorld(nil)
			w.setRuntime(poolOf(6))
			w.start()
			w.runKubelet("node")
			w.full(6)
			empty(w)
			Eventually(w.pods).Should(BeEmpty())
		},
		Entry("when the runtime is deleted", func(w *world) { Expect(api.Delete(context.Background(), w.runtime())).To(Succeed()) }),
		Entry("when it is to have no pods", func(w *world) { w.setRuntime(poolOf(0)) }),
		Entry("when the runtime keeps none any more", func(w *world) {
			w.setRuntime(func(s *v1alpha1.PreviewRuntimeSpec) { s.Warm = nil })
			Eventually(func() v1alpha1.PreviewRuntimeStatus { return w.runtime().Status }).Should(BeZero())
		}),
	)

	It("is made anew for a runtime that came back under its name", func() {
		w := newWorld(nil)
		w.setRuntime(poolOf(2))
		w.start()
		w.runKubelet("node")
		w.full(2)
		before := uids(w.waiting())
		w.stop()
		old := w.runtime()
		Expect(api.Delete(context.Background(), old)).To(Succeed())
		Expect(api.Create(context.Background(), &v1alpha1.PreviewRuntime{
			ObjectMeta: metav1.ObjectMeta{Name: old.Name, Namespace: old.Namespace}, Spec: old.Spec,
		})).To(Succeed())
		w.start()
		w.full(2)
		for uid := range uids(w.waiting()) {
			Expect(before).NotTo(HaveKey(uid))
		}
	})

	It("tries again, less and less often, when its pods are refused", func() {
		w, writes := newWorld(nil), &tally{}
		var refuse atomic.Bool
		refuse.Store(true)
		w.wrap = func(inner client.WithWatch) client.Client {
			return interceptor.NewClient(inner, interceptor.Funcs{
				Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
					if _, isPod := o.(*corev1.Pod); !isPod {
						return c.Create(ctx, o, opts...)
					}
					writes.note("create", o)
					if refuse.Load() {
						return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, o.GetName(), fmt.Errorf("exceeded quota"))
					}
					return c.Create(ctx, o, opts...)
				},
			})
		}
		w.setRuntime(poolOf(5))
		w.start()
		w.runKubelet("node")
		Eventually(func() int { return writes.of("create", &corev1.Pod{}) }).Should(BeNumerically(">=", 2))
		Consistently(func() int { return writes.of("create", &corev1.Pod{}) }, 900*time.Millisecond, 50*time.Millisecond).Should(BeNumerically("<=", 3))
		refuse.Store(false)
		w.full(5)
	})
})
