package controllers

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/ports"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
)

func TestOrphaned(t *testing.T) {
	const name, gone, used = "hello-abcdefghij", "is gone", "uses pod"
	owner := func(change func(*metav1.OwnerReference)) []metav1.OwnerReference {
		ref := metav1.OwnerReference{APIVersion: "preview.codebegen.dev/v1alpha1", Kind: "PreviewInstance", Name: "hello", UID: "1", Controller: ptr.To(true)}
		if change != nil {
			change(&ref)
		}
		return []metav1.OwnerReference{ref}
	}
	names := func(pod string) map[types.UID]sweptInstance { return map[types.UID]sweptInstance{"1": {podName: pod}} }
	for test, tc := range map[string]struct {
		change    func(*metav1.ObjectMeta)
		instances map[types.UID]sweptInstance
		want      string
	}{
		"its instance uses it":                     {nil, names(name), ""},
		"its instance is gone":                     {nil, nil, gone},
		"its instance is of a later version":       {func(m *metav1.ObjectMeta) { m.OwnerReferences[0].APIVersion = "preview.codebegen.dev/v1" }, nil, gone},
		"its instance uses another":                {nil, names("hello-klmnopqrst"), used},
		"its instance has none any more":           {nil, names(""), "has no pod any more"},
		"its instance is about to name it":         {nil, map[types.UID]sweptInstance{"1": {starting: true}}, ""},
		"its starting instance uses another":       {nil, map[types.UID]sweptInstance{"1": {podName: "hello-klmnopqrst", starting: true}}, used},
		"its instance came back under another UID": {nil, map[types.UID]sweptInstance{"2": {podName: name}}, gone},
		"no owner, instance gone":                  {func(m *metav1.ObjectMeta) { m.OwnerReferences = nil }, nil, gone},
		"no owner, instance uses another":          {func(m *metav1.ObjectMeta) { m.OwnerReferences = nil }, names("hello-klmnopqrst"), used},

		"no owner, instance uses it": {func(m *metav1.ObjectMeta) { m.OwnerReferences = nil }, names(name), ""},
		"no owner, no instance":      {func(m *metav1.ObjectMeta) { m.OwnerReferences = nil; delete(m.Labels, v1alpha1.LabelInstanceUID) }, nil, ""},
		"goes already":               {func(m *metav1.ObjectMeta) { m.DeletionTimestamp = &metav1.Time{} }, nil, ""},
		"a foreign name":             {func(m *metav1.ObjectMeta) { m.Name = "hello" }, nil, ""},
		"a Deployment's name":        {func(m *metav1.ObjectMeta) { m.Name = "hello-7d9c5b8f6d-x2v9k" }, nil, ""},
		"another component":          {func(m *metav1.ObjectMeta) { m.Labels[v1alpha1.LabelComponent] = "warm" }, nil, ""},
		"no label":                   {func(m *metav1.ObjectMeta) { m.Labels = nil }, nil, ""},
		"a ReplicaSet's": {func(m *metav1.ObjectMeta) {
			m.OwnerReferences = owner(func(o *metav1.OwnerReference) { o.APIVersion, o.Kind = "apps/v1", "ReplicaSet" })
		}, nil, ""},
		"a kind of that name of somebody else's": {func(m *metav1.ObjectMeta) {
			m.OwnerReferences = owner(func(o *metav1.OwnerReference) { o.APIVersion = "example.com/v1" })
		}, nil, ""},
		"an owner that is not its controller": {func(m *metav1.ObjectMeta) {
			m.OwnerReferences = owner(func(o *metav1.OwnerReference) { o.Controller = nil })
		}, nil, ""},
		"another instance than its label says": {func(m *metav1.ObjectMeta) { m.Labels[v1alpha1.LabelInstanceUID] = "2" }, names(name), ""},
	} {
		t.Run(test, func(t *testing.T) {
			pod := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
				Name: name, OwnerReferences: owner(nil),
				Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentPreview, v1alpha1.LabelInstanceUID: "1"},
			}}
			if tc.change != nil {
				tc.change(&pod.ObjectMeta)
			}
			got := sweptOwners{instances: tc.instances}.orphaned(pod)
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("orphaned() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestOrphanedWhileItWaits(t *testing.T) {
	for test, tc := range map[string]struct {
		change   func(*metav1.ObjectMeta)
		runtimes map[types.UID]bool
		want     string
	}{
		"its runtime is there":       {nil, map[types.UID]bool{"runtime": true}, ""},
		"its runtime is gone":        {nil, nil, "is gone"},
		"its runtime was made anew":  {nil, map[types.UID]bool{"another": true}, "is gone"},
		"its runtime let go of it":   {func(m *metav1.ObjectMeta) { m.OwnerReferences = nil }, map[types.UID]bool{"runtime": true}, "belongs to no PreviewRuntime"},
		"goes already":               {func(m *metav1.ObjectMeta) { m.DeletionTimestamp = &metav1.Time{} }, nil, ""},
		"a foreign name":             {func(m *metav1.ObjectMeta) { m.Name = "python" }, nil, ""},
		"another component":          {func(m *metav1.ObjectMeta) { m.Labels[v1alpha1.LabelComponent] = "other" }, nil, ""},
		"a kind of somebody else's":  {func(m *metav1.ObjectMeta) { m.OwnerReferences[0].APIVersion = "example.com/v1" }, nil, ""},
		"a runtime that owns it too": {func(m *metav1.ObjectMeta) { m.OwnerReferences[0].Controller = nil }, nil, ""},
	} {
		t.Run(test, func(t *testing.T) {
			pod := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
				Name:   "python-abcdefghij",
				Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentPreview, v1alpha1.LabelWarm: v1alpha1.WarmUnclaimed},
				OwnerReferences: []metav1.OwnerReference{{
					APIVersion: "preview.codebegen.dev/v1alpha1", Kind: "PreviewRuntime", Name: "python", UID: "runtime", Controller: ptr.To(true),
				}},
			}}
			if tc.change != nil {
				tc.change(&pod.ObjectMeta)
			}
			got := sweptOwners{runtimes: tc.runtimes}.orphaned(pod)
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("orphaned() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestPodNamesAreRecognised(t *testing.T) {
	got := map[string]bool{}
	want := map[string]bool{}
	for _, instance := range []string{"a", "hello", "with.dots", "9", strings.Repeat("long.name-", 20) + "x", strings.Repeat("-", 51) + "a"} {
		for range 20 {
			name := podspec.PodName("i" + instance)
			got[name], want[name] = podNamePattern.MatchString(name), true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recognised (-want +got):\n%s", diff)
	}
}

// sweeper makes one for a world without a manager; live reads for it.
func (w *world) sweeper(live client.Reader) (*sweeper, *events.FakeRecorder) {
	allocator, err := ports.New(3001, 3100, nil)
	Expect(err).NotTo(HaveOccurred())
	recorder := events.NewFakeRecorder(100)
	if w.metrics == nil {
		w.metrics = NewMetrics(prometheus.NewRegistry())
	}
	return &sweeper{namespaces: []string{w.namespace}, PreviewInstanceReconciler: &PreviewInstanceReconciler{
		client: api, live: live, recorder: recorder, settings: settings.Fixed(w.settings), now: time.Now, metrics: w.metrics,
		ports: allocator, handovers: newHandovers(w.runner, func(types.NamespacedName) {}, time.Now),
	}}, recorder
}

// podFor makes the pod that the manager would make for an instance, owned or not, but does not write it.
func (w *world) podFor(instance *v1alpha1.PreviewInstance, name string) *corev1.Pod {
	return podspec.Pod(podspec.PodInput{
		Instance: instance, Runtime: &v1alpha1.PreviewRuntime{ObjectMeta: metav1.ObjectMeta{Name: "python"}, Spec: v1alpha1.PreviewRuntimeSpec{Image: "i"}},
		Name: name, Port: 3001, SecretHash: "h", MemoryLimitMB: 64,
	})
}

// starting makes an instance as the manager leaves it: its status names a pod, and that pod exists.
func (w *world) starting(name string) (*v1alpha1.PreviewInstance, *corev1.Pod) {
	instance := w.create(name, nil)
	instance.Status.PodName, instance.Status.Port = podspec.PodName(name), 3001
	Expect(api.Status().Update(context.Background(), instance)).To(Succeed())
	pod := w.podFor(instance, instance.Status.PodName)
	Expect(api.Create(context.Background(), pod)).To(Succeed())
	return instance, pod
}

func (w *world) podNames() []string {
	names := []string{}
	for _, pod := range w.pods() {
		names = append(names, pod.Name)
	}
	return names
}

// around calls do before, or after, the lists of one kind that a reader is asked for.
type around struct {
	client.Reader
	before, after func(client.ObjectList)
}

func (a around) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if a.before != nil {
		a.before(list)
	}
	err := a.Reader.List(ctx, list, options...)
	if a.after != nil {
		a.after(list)
	}
	return err
}

func ofInstances(list client.ObjectList) bool {
	_, yes := list.(*v1alpha1.PreviewInstanceList)
	return yes
}

var _ = Describe("The sweep", func() {
	gone := &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{Name: "gone", UID: "00000000-0000-0000-0000-000000000000"}}

	It("deletes the pod of an instance that was removed by force, at once when the manager starts", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.SweepInterval = 24 * time.Hour })
		w.start()
		instance := w.run("hello", nil)
		other := w.run("other", nil)
		w.stop()
		w.force(ctx, instance)
		Expect(w.pods()).To(HaveLen(2))
		w.start()
		Eventually(w.podNames).Should(ConsistOf(other.Status.PodName))
		Eventually(func() []corev1.Event {
			list := &corev1.EventList{}
			Expect(api.List(ctx, list, client.InNamespace(w.namespace))).To(Succeed())
			return list.Items
		}).Should(ContainElement(And(
			HaveField("Reason", "OrphanDeleted"), HaveField("InvolvedObject.Kind", "Pod"), HaveField("InvolvedObject.Name", instance.Status.PodName),
			HaveField("Message", ContainSubstring("%s, whose pod this was, is gone", instance.UID)))))
		Expect(w.get("other").ResourceVersion).To(Equal(other.ResourceVersion))
	})

	It("is repeated, and gives the port back", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.SweepInterval, s.PortMax = time.Second, s.PortMin })
		w.start()
		w.force(ctx, w.run("hello", nil))
		Eventually(w.pods).Should(BeEmpty())
		Expect(w.run("next", nil).Status.Port).To(Equal(int32(3001)))
	})

	It("deletes pods that their instance does not use, and those without any owner", func(ctx SpecContext) {
		w := newWorld(nil)
		instance, pod := w.starting("hello")
		second := w.podFor(instance, podspec.PodName("hello"))
		ownerless := w.podFor(gone, podspec.PodName("gone"))
		ownerless.Namespace, ownerless.OwnerReferences = w.namespace, nil
		for _, p := range []*corev1.Pod{second, ownerless} {
			Expect(api.Create(ctx, p)).To(Succeed())
		}
		registry := prometheus.NewRegistry()
		w.metrics = NewMetrics(registry)
		s, recorder := w.sweeper(api)
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(w.podNames()).To(ConsistOf(pod.Name))
		Expect(numbers(registry, "preview_swept_total")).To(Equal(map[string]float64{"pod": 2}))
		Expect(recorder.Events).To(HaveLen(2))
	})

	It("touches nothing that is somebody else's", func(ctx SpecContext) {
		w := newWorld(nil)
		var kept []string
		for name, change := range map[string]func(*corev1.Pod){
			podspec.PodName("owned"): func(p *corev1.Pod) {
				p.OwnerReferences[0].APIVersion, p.OwnerReferences[0].Kind = "apps/v1", "ReplicaSet"
			},
			podspec.PodName("partly"): func(p *corev1.Pod) { p.OwnerReferences[0].Controller = nil },
			podspec.PodName("plain"):  func(p *corev1.Pod) { p.Labels, p.OwnerReferences = nil, nil },
			podspec.PodName("loose"): func(p *corev1.Pod) {
				p.OwnerReferences = nil
				delete(p.Labels, v1alpha1.LabelInstanceUID)
			},
			"foreign": func(*corev1.Pod) {},
		} {
			pod := w.podFor(gone, name)
			pod.Namespace = w.namespace
			change(pod)
			Expect(api.Create(ctx, pod)).To(Succeed())
			kept = append(kept, name)
		}
		elsewhere := newWorld(nil)
		orphan := elsewhere.podFor(gone, podspec.PodName("gone"))
		orphan.Namespace = elsewhere.namespace
		Expect(api.Create(ctx, orphan)).To(Succeed())

		s, recorder := w.sweeper(api)
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(w.podNames()).To(ConsistOf(kept))
		Expect(elsewhere.podNames()).To(ConsistOf(orphan.Name), "the namespace is not served")
		Expect(recorder.Events).To(BeEmpty())
	})

	It("touches nothing that begins while it looks", func(ctx SpecContext) {
		w := newWorld(nil)
		var instance *v1alpha1.PreviewInstance
		var pod *corev1.Pod
		var s *sweeper
		begin := func(client.ObjectList) {
			if instance == nil {
				instance, pod = w.starting("hello")
				s.ports.Allocate(newScope(instance, noon).holder())
				w.handOver(s, instance)
			}
		}
		By("between its two lists")
		first := true
		s, _ = w.sweeper(around{api, func(l client.ObjectList) {
			if first {
				first = false
				return
			}
			begin(l)
		}, nil})
		Expect(s.sweep(ctx)).To(Succeed())
		w.expectUntouched(ctx, s, instance, pod)

		By("after its two lists")
		lists := 0
		instance = nil
		w = newWorld(nil)
		s, _ = w.sweeper(around{api, nil, func(l client.ObjectList) {
			if lists++; lists == 2 {
				begin(l)
			}
		}})
		Expect(s.sweep(ctx)).To(Succeed())
		w.expectUntouched(ctx, s, instance, pod)
	})

	It("waits for a pod that its instance names and that is not there yet", func(ctx SpecContext) {
		w := newWorld(nil)
		instance, pod := w.starting("hello")
		Expect(api.Delete(ctx, pod, client.GracePeriodSeconds(0))).To(Succeed())
		s, _ := w.sweeper(api)
		s.ports.Allocate(newScope(instance, noon).holder())
		Expect(s.sweep(ctx)).To(Succeed())
		taken, _ := s.ports.InUse()
		Expect(taken).To(Equal(1))
		Expect(w.get("hello").ResourceVersion).To(Equal(instance.ResourceVersion))
	})

	It("deletes the pod that it saw, not one that came to bear its name", func(ctx SpecContext) {
		w := newWorld(nil)
		orphan := w.podFor(gone, podspec.PodName("gone"))
		orphan.Namespace = w.namespace
		Expect(api.Create(ctx, orphan)).To(Succeed())
		var successor *corev1.Pod
		s, recorder := w.sweeper(around{api, func(list client.ObjectList) {
			if !ofInstances(list) {
				return
			}
			Expect(api.Delete(ctx, orphan, client.GracePeriodSeconds(0))).To(Succeed())
			instance := w.create("hello", nil)
			successor = w.podFor(instance, orphan.Name)
			Expect(api.Create(ctx, successor)).To(Succeed())
		}, nil})
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(w.pods()).To(ConsistOf(HaveField("UID", successor.UID)))
		Expect(recorder.Events).To(BeEmpty())
	})

	It("gives up ports and handovers of instances that are gone", func(ctx SpecContext) {
		w := newWorld(nil)
		instance, _ := w.starting("hello")
		past := gone.DeepCopy()
		past.Namespace = w.namespace
		// The name has come back under another UID, which no deletion of the name tells.
		past.Name = instance.Name
		elsewhere := gone.DeepCopy()
		elsewhere.Namespace, elsewhere.UID = "not-served", "1"
		registry := prometheus.NewRegistry()
		w.metrics = NewMetrics(registry)
		s, _ := w.sweeper(api)
		for _, i := range []*v1alpha1.PreviewInstance{instance, past, elsewhere} {
			_, ok := s.ports.Allocate(newScope(i, noon).holder())
			Expect(ok).To(BeTrue())
			w.handOver(s, i)
		}
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(s.ports.Known()).To(ConsistOf(HaveField("UID", instance.UID), HaveField("UID", elsewhere.UID)))
		Expect(s.handovers.known()).To(And(HaveLen(2), HaveKey(instance.UID), HaveKey(elsewhere.UID)))
		Expect(numbers(registry, "preview_swept_total")).To(Equal(map[string]float64{"port": 1, "handover": 1}))
	})

	It("tells the next who waits of a port that the one before did not take", func(ctx SpecContext) {
		w := newWorld(nil)
		var told []string
		allocator, err := ports.New(3001, 3001, func(h ports.Holder) { told = append(told, h.Name.Name) })
		Expect(err).NotTo(HaveOccurred())
		s, _ := w.sweeper(api)
		s.ports = allocator
		for _, name := range []string{"first", "second", "third"} {
			allocator.Allocate(newScope(w.create(name, nil), noon).holder())
		}
		allocator.Release(w.get("first").UID)
		Expect(told).To(Equal([]string{"second"}))
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(told).To(Equal([]string{"second", "third"}))
	})

	It("reads more than one page", func(ctx SpecContext) {
		w := newWorld(nil)
		var kept []string
		for i := range 2*sweepPage + 1 {
			_, pod := w.starting("many-" + string(rune('a'+i%26)) + strings.Repeat("x", i/26))
			kept = append(kept, pod.Name)
		}
		orphan := w.podFor(gone, podspec.PodName("zzz"))
		orphan.Namespace = w.namespace
		Expect(api.Create(ctx, orphan)).To(Succeed())
		s, _ := w.sweeper(api)
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(w.podNames()).To(ConsistOf(kept))
	})

	It("goes on after a namespace that it cannot read", func(ctx SpecContext) {
		w := newWorld(nil)
		orphan := w.podFor(gone, podspec.PodName("gone"))
		orphan.Namespace = w.namespace
		Expect(api.Create(ctx, orphan)).To(Succeed())
		forbidden := &unreadable{Reader: api, namespace: "forbidden"}
		s, _ := w.sweeper(forbidden)
		s.namespaces = []string{"forbidden", w.namespace}
		held := gone.DeepCopy()
		held.Namespace = "forbidden"
		s.ports.Allocate(newScope(held, noon).holder())
		Expect(s.sweep(ctx)).To(MatchError(ContainSubstring(`sweeping namespace "forbidden"`)))
		Expect(w.pods()).To(BeEmpty())
		Expect(s.ports.Known()).To(HaveLen(1), "nothing is known of that namespace")
	})

	It("lets instances go that are stuck in a namespace that goes away, once they have no pod", func(ctx SpecContext) {
		w := newWorld(nil)
		instance, pod := w.starting("hello")
		wanted, _ := w.starting("wanted")
		for _, i := range []*v1alpha1.PreviewInstance{instance, wanted} {
			i.Finalizers = []string{v1alpha1.Finalizer, "example.com/other"}
			Expect(api.Update(ctx, i)).To(Succeed())
		}
		Expect(api.Delete(ctx, instance)).To(Succeed())
		Expect(api.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})).To(Succeed())

		registry := prometheus.NewRegistry()
		w.metrics = NewMetrics(registry)
		s, _ := w.sweeper(api)
		s.ports.Allocate(newScope(instance, noon).holder())
		later := func() time.Time { return time.Now().Add(stuckAfter + time.Second) }
		By("not while its pod is there")
		s.now = later
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(w.get("hello").Finalizers).To(HaveLen(2))
		By("not at once")
		Expect(api.Delete(ctx, pod, client.GracePeriodSeconds(0))).To(Succeed())
		s.now = time.Now
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(w.get("hello").Finalizers).To(HaveLen(2))
		By("then")
		s.now = later
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(w.get("hello").Finalizers).To(ConsistOf("example.com/other"))
		Expect(w.get("wanted").Finalizers).To(HaveLen(2))
		Expect(s.ports.Known()).To(BeEmpty())
		Expect(s.sweep(ctx)).To(Succeed())
		Expect(numbers(registry, "preview_swept_total")).To(Equal(map[string]float64{"finalizer": 1}))
	})

	It("lets an instance go whose status cannot be written any more", func(ctx SpecContext) {
		w := newWorld(func(s *settings.Settings) { s.SweepInterval, s.PortMax = time.Second, s.PortMin })
		var refuse atomic.Bool
		var offset atomic.Int64
		w.now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		w.wrap = func(inner client.WithWatch) client.Client {
			return interceptor.NewClient(inner, interceptor.Funcs{
				SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, options ...client.SubResourceUpdateOption) error {
					if refuse.Load() && o.GetName() == "hello" {
						return apierrors.NewForbidden(schema.GroupResource{Resource: "previewinstances/status"}, o.GetName(), nil)
					}
					return c.SubResource(sub).Update(ctx, o, options...)
				},
			})
		}
		w.start()
		instance := w.run("hello", nil)
		refuse.Store(true)
		Expect(api.Delete(ctx, instance)).To(Succeed())
		Expect(api.Delete(ctx, w.podOf("hello"), client.GracePeriodSeconds(0))).To(Succeed())
		offset.Store(int64(time.Minute))
		w.eventuallyAbsent(ctx, "hello")
		offset.Store(0)
		Expect(w.run("next", nil).Status.Port).To(Equal(int32(3001)))
	})

	It("writes nothing while nothing is wrong", func(ctx SpecContext) {
		w := newWorld(nil)
		instance, pod := w.starting("hello")
		s, recorder := w.sweeper(api)
		s.client = interceptor.NewClient(api, interceptor.Funcs{
			Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error { panic("deleted") },
			Update: func(context.Context, client.WithWatch, client.Object, ...client.UpdateOption) error { panic("updated") },
		})
		Expect(s.sweep(ctx)).To(Succeed())
		w.expectUntouched(ctx, nil, instance, pod)
		Expect(recorder.Events).To(BeEmpty())
	})
})

// unreadable refuses to list one namespace.
type unreadable struct {
	client.Reader
	namespace string
}

func (u *unreadable) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	all := (&client.ListOptions{}).ApplyOptions(options)
	if all.Namespace == u.namespace {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", nil)
	}
	return u.Reader.List(ctx, list, options...)
}

// force removes an instance as somebody does who loses patience with its finalizer.
func (w *world) force(ctx context.Context, instance *v1alpha1.PreviewInstance) {
	GinkgoHelper()
	strip := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	Expect(api.Patch(ctx, instance, strip)).To(Succeed())
	Expect(api.Delete(ctx, instance)).To(Succeed())
}

// handOver begins a handover that lasts until it is given up.
func (w *world) handOver(s *sweeper, instance *v1alpha1.PreviewInstance) {
	s.handovers.start(client.ObjectKeyFromObject(instance), instance.UID, "pod", func(ctx context.Context, _ RunnerClient, _ <-chan struct{}) (runnerapi.Result, error) {
		<-ctx.Done()
		return runnerapi.Result{}, ctx.Err()
	})
	DeferCleanup(s.handovers.forget, instance.UID)
}

// expectUntouched checks that an instance, its pod and, if a sweeper is given, its port and handover are there.
func (w *world) expectUntouched(ctx context.Context, s *sweeper, instance *v1alpha1.PreviewInstance, pod *corev1.Pod) {
	GinkgoHelper()
	Expect(w.get(instance.Name).ResourceVersion).To(Equal(instance.ResourceVersion))
	Expect(w.pods()).To(ConsistOf(And(HaveField("UID", pod.UID), HaveField("DeletionTimestamp", BeNil()))))
	if s != nil {
		Expect(s.ports.Known()).To(HaveLen(1))
		Expect(s.handovers.known()).To(HaveKey(instance.UID))
	}
}
