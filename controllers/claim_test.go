package controllers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
)

// setWarm gives the world's runtime a pool.
func (w *world) setWarm(pool v1alpha1.WarmPool) {
	GinkgoHelper()
	runtime := &v1alpha1.PreviewRuntime{}
	Expect(api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: v1alpha1.DefaultRuntimeName}, runtime)).To(Succeed())
	runtime.Spec.Warm = &pool
	Expect(api.Update(context.Background(), runtime)).To(Succeed())
}

// warm runs a manager with a full pool of n pods, and a kubelet that starts whatever is created.
func (w *world) warm(n int32) {
	GinkgoHelper()
	w.setWarm(v1alpha1.WarmPool{Size: &n})
	w.start()
	w.kubelet()
	w.eventuallyReady(n)
}

// eventuallyReady waits until n pods of the pool are ready.
func (w *world) eventuallyReady(n int32) {
	GinkgoHelper()
	Eventually(func() int32 {
		runtime := &v1alpha1.PreviewRuntime{}
		Expect(api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: v1alpha1.DefaultRuntimeName}, runtime)).To(Succeed())
		if runtime.Status.Warm == nil {
			return 0
		}
		return runtime.Status.Warm.Ready
	}).Should(BeNumerically(">=", n))
}

// kubelet starts the pods of the world as they come, until the spec ends.
func (w *world) kubelet() {
	stop, ended := make(chan struct{}), make(chan struct{})
	DeferCleanup(func() { close(stop); <-ended })
	go func() {
		defer GinkgoRecover()
		defer close(ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			list := &corev1.PodList{}
			if api.List(context.Background(), list, client.InNamespace(w.namespace)) != nil {
				continue
			}
			for i := range list.Items {
				if pod := &list.Items[i]; pod.Status.Phase != corev1.PodRunning && pod.Status.Phase != corev1.PodFailed && pod.DeletionTimestamp == nil {
					setRunning(&pod.Status)
					// Somebody else may have changed or deleted it; the next round sees that.
					_ = api.Status().Update(context.Background(), pod)
				}
			}
		}
	}()
}

func isWarm(pod corev1.Pod) bool { return pod.Labels[v1alpha1.LabelWarm] == v1alpha1.WarmUnclaimed }

// faults puts patches of pods, which are claims, through a function.
func claimFaults(patch func(next func() error, pod client.Object) error) func(client.WithWatch) client.Client {
	return func(inner client.WithWatch) client.Client {
		return interceptor.NewClient(inner, interceptor.Funcs{
			Patch: func(ctx context.Context, w client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
				next := func() error { return w.Patch(ctx, o, p, opts...) }
				if _, isPod := o.(*corev1.Pod); !isPod {
					return next()
				}
				return patch(next, o)
			},
		})
	}
}

var errLostReply = errors.New("the connection broke before the answer came")

var _ = Describe("A launch with a warm pod", func() {
	It("takes it, and runs the code only once the claim is written", func(ctx SpecContext) {
		w := newWorld(nil)
		w.runner.assigning = func(context.Context) {
			defer GinkgoRecover()
			Expect(w.podsOf("hello")).To(HaveLen(1))
			Expect(w.podsOf("hello")[0].Annotations).To(HaveKey(v1alpha1.AnnotationPort))
		}
		w.warm(2)
		before := w.pods()
		w.create("hello", nil)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))

		status := w.get("hello").Status
		Expect(status.Start).To(Equal(&v1alpha1.Start{Kind: v1alpha1.StartWarm, Interpreter: v1alpha1.InterpreterForked}))
		Expect([]string{before[0].Name, before[1].Name}).To(ContainElement(status.PodName))
		pod := w.podOf("hello")
		Expect(pod.OwnerReferences).To(HaveLen(1))
		Expect(pod.Labels).To(HaveKeyWithValue(v1alpha1.LabelInstanceUID, string(w.get("hello").UID)))
		Expect(pod.Labels).NotTo(HaveKey(v1alpha1.LabelWarm))
		Expect(pod.Annotations).To(HaveKeyWithValue(v1alpha1.AnnotationPort, fmt.Sprint(status.Port)))
		Expect(w.runner.assignments(pod.Name)).To(HaveLen(1))
	})

	It("takes four writes: who creates it, the intent, the claim, and Running", func(ctx SpecContext) {
		w := newWorld(nil)
		writes := newWriteLog("hello")
		// However slow the machine: what takes longer is told in between.
		begun := time.Now()
		w.now = func() time.Time { return begun }
		w.wrap = writes.wrap
		w.warm(2)
		w.create("first", nil) // makes the Service and the NetworkPolicy of the namespace
		Eventually(w.phase("first")).Should(Equal(v1alpha1.PhaseRunning))
		instance := w.instance("hello", nil)
		instance.Finalizers = []string{v1alpha1.Finalizer}
		Expect(api.Create(ctx, instance)).To(Succeed())
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(writes.list()).To(ConsistOf("claim", "status", "status"))
	})

	It("writes nothing that is refused, although the cache has not seen its intent", func(ctx SpecContext) {
		w := newWorld(nil)
		writes := newWriteLog("hello")
		begun := time.Now()
		w.now = func() time.Time { return begun }
		w.wrap = func(inner client.WithWatch) client.Client {
			var first *v1alpha1.PreviewInstance
			return writes.wrap(interceptor.NewClient(inner, interceptor.Funcs{
				Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
					err := c.Get(ctx, key, o, opts...)
					instance, ok := o.(*v1alpha1.PreviewInstance)
					if !ok || err != nil || key.Name != "hello" {
						return err
					}
					if instance.Status.Phase == "" {
						first = instance.DeepCopy()
					}
					if instance.Status.Phase == v1alpha1.PhaseStarting {
						first.DeepCopyInto(instance)
					}
					return nil
				},
			}))
		}
		w.warm(2)
		w.create("first", nil)
		Eventually(w.phase("first")).Should(Equal(v1alpha1.PhaseRunning))
		instance := w.instance("hello", nil)
		instance.Finalizers = []string{v1alpha1.Finalizer}
		Expect(api.Create(ctx, instance)).To(Succeed())
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(writes.list()).To(ConsistOf("claim", "status", "status"))
	})

	It("says why it is cold when every warm pod is taken, and takes none twice", func(ctx SpecContext) {
		w := newWorld(nil)
		w.warm(2)
		w.runner.loading.Store(true) // what the pool adds does not get ready
		used := map[string]string{}
		for i := range 4 {
			name := fmt.Sprint("i", i)
			w.create(name, nil)
			Eventually(w.phase(name)).Should(Equal(v1alpha1.PhaseRunning))
			status := w.get(name).Status
			Expect(used).NotTo(HaveKey(status.PodName))
			used[status.PodName] = name
			want := v1alpha1.Start{Kind: v1alpha1.StartWarm, Interpreter: v1alpha1.InterpreterForked}
			if i >= 2 {
				want.Kind, want.Reason, want.Message = v1alpha1.StartCold, v1alpha1.StartNoWarmPod, "every warm pod of the PreviewRuntime was taken"
			}
			Expect(*status.Start).To(Equal(want))
			if i == 0 {
				// A pod that served once never serves again.
				Expect(api.Delete(ctx, w.get(name))).To(Succeed())
				w.eventuallyAbsent(ctx, name)
			}
		}
	})

	It("waits for the next pod of an empty pool when that is about to be ready", func() {
		clock := &movingClock{}
		w := newWorld(nil)
		w.now = clock.now
		w.runner.loading.Store(true)
		w.setWarm(v1alpha1.WarmPool{Size: new(int32(1))})
		w.start()
		w.kubelet()
		Eventually(w.waiting).Should(HaveLen(1))
		// Pods take long, as far as the pool knows.
		clock.advance(time.Minute)
		w.runner.loading.Store(false)
		w.eventuallyReady(1)
		w.runner.loading.Store(true)
		w.create("first", nil)
		Eventually(w.phase("first")).Should(Equal(v1alpha1.PhaseRunning))
		Eventually(w.waiting).Should(HaveLen(1))
		w.create("second", nil)
		Eventually(func() []metav1.Condition { return w.get("second").Status.Conditions }).Should(ContainElement(And(
			HaveField("Type", v1alpha1.ConditionPodReady), HaveField("Message", ContainSubstring("the next one is about to be ready")),
		)))
		w.runner.loading.Store(false)
		Eventually(w.phase("second")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.get("second").Status.Start).To(Equal(&v1alpha1.Start{Kind: v1alpha1.StartWarm, Interpreter: v1alpha1.InterpreterForked}))
	})

	It("says that it got an interpreter of its own, and why", func() {
		w := newWorld(nil)
		w.warm(1)
		w.create("hello", func(spec *v1alpha1.PreviewInstanceSpec) {
			spec.Env = []v1alpha1.EnvVar{{Name: "COLOUR", Value: "red"}, {Name: "PYTHONHASHSEED", Value: "7"}}
		})
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.get("hello").Status.Start).To(Equal(&v1alpha1.Start{
			Kind: v1alpha1.StartWarm, Interpreter: v1alpha1.InterpreterFresh,
			Message: "spec.env sets PYTHONHASHSEED, which is read when the interpreter starts",
		}))
	})

	It("waits for one when its runtime says so, and no longer than a pod may take", func(ctx SpecContext) {
		clock := &movingClock{}
		w := newWorld(nil)
		w.now = clock.now
		w.setWarm(v1alpha1.WarmPool{Size: new(int32(1)), WhenEmpty: v1alpha1.WhenEmptyWait})
		w.runner.loading.Store(true)
		w.start()
		w.kubelet()
		w.create("late", nil)
		w.create("never", func(spec *v1alpha1.PreviewInstanceSpec) { spec.WhenFull = v1alpha1.WhenFullWait })
		Eventually(func() string { return w.get("never").Status.Reason }).Should(Equal(v1alpha1.ReasonNoWarmPod))
		Eventually(func() string { return w.get("late").Status.Reason }).Should(Equal(v1alpha1.ReasonNoWarmPod))
		Expect(api.Delete(ctx, w.get("never"))).To(Succeed())
		w.runner.loading.Store(false)
		Eventually(w.phase("late")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.get("late").Status.Start.Kind).To(Equal(v1alpha1.StartWarm))

		w.runner.loading.Store(true)
		w.create("never2", nil)
		Eventually(func() string { return w.get("never2").Status.Reason }).Should(Or(Equal(v1alpha1.ReasonNoWarmPod), Equal(v1alpha1.ReasonServing)))
		if w.get("never2").Status.Phase != v1alpha1.PhaseRunning {
			clock.advance(time.Hour)
			Eventually(w.phase("never2")).Should(Equal(v1alpha1.PhaseFailed))
			Expect(w.get("never2").Status.Reason).To(Equal(v1alpha1.ReasonPodStartTimeout))
		}
	})

	It("changes the memory limit of the pod in place, and has the runner wait for it", func(ctx SpecContext) {
		w := newWorld(nil)
		w.warm(1)
		w.create("hello", func(spec *v1alpha1.PreviewInstanceSpec) { spec.MemoryLimitMB = new(int32(128)) })
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		pod := w.podOf("hello")
		Expect(*w.get("hello").Status.Start).To(Equal(v1alpha1.Start{Kind: v1alpha1.StartWarm, Interpreter: v1alpha1.InterpreterForked}))
		Expect(pod.Spec.Containers[0].Resources.Limits.Memory().String()).To(Equal("128Mi"))
		assignment := w.runner.assignments(pod.Name)[0]
		Expect(assignment.AwaitMemoryLimit).To(BeTrue())
		Expect(assignment.MemoryLimitMB).To(Equal(int32(128)))
	})

	It("starts cold when the memory limit cannot be changed in place", func() {
		w := newWorld(nil)
		w.wrap = func(inner client.WithWatch) client.Client {
			return interceptor.NewClient(inner, interceptor.Funcs{
				SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
					if sub == "resize" {
						return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, o.GetName(), errors.New("not on this node"))
					}
					return c.SubResource(sub).Patch(ctx, o, p, opts...)
				},
			})
		}
		w.warm(1)
		w.create("hello", func(spec *v1alpha1.PreviewInstanceSpec) { spec.MemoryLimitMB = new(int32(128)) })
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		status := w.get("hello").Status
		Expect(status.Start.Kind).To(Equal(v1alpha1.StartCold))
		Expect(status.Start.Reason).To(Equal(v1alpha1.StartMemoryNotResizable))
		Expect(w.podOf("hello").Spec.Containers[0].Resources.Limits.Memory().String()).To(Equal("128Mi"))
		Eventually(func() int { return len(w.podsOf("hello")) }).Should(Equal(1))
	})

	It("takes another pod when the runner of the first cannot be used", func() {
		for _, fault := range []error{handover.ErrConflict, handover.ErrUnreachable, handover.ErrWrongRunner, handover.ErrUnauthorised} {
			w := newWorld(nil)
			var first sync.Once
			var refused atomic.Value
			w.runner.staging = func(target handover.Target, _ runnerapi.Assignment) (err error) {
				first.Do(func() { refused.Store(target.PodName); err = fault })
				return err
			}
			w.warm(2)
			w.create("hello", nil)
			Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
			Expect(w.get("hello").Status.PodName).NotTo(Equal(refused.Load()))
			Eventually(func() []corev1.Pod { return w.podsOf("hello") }).Should(HaveLen(1))
			Expect(w.runner.assignments(refused.Load().(string))).To(BeEmpty())
			w.stop()
		}
	})
})

var _ = Describe("A runner that is lost after it was told to run", func() {
	It("ends the instance: the project may have run, and is not run again elsewhere", func() {
		w := newWorld(nil)
		w.runner.staging = func(_ handover.Target, a runnerapi.Assignment) error {
			w.runner.answer(a.ID, runnerapi.Result{}, handover.ErrUnreachable)
			return nil
		}
		w.warm(2)
		w.create("hello", nil)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseFailed))
		Expect(w.get("hello").Status.Reason).To(Equal(v1alpha1.ReasonRunnerUnreachable))
		Expect(w.runner.staged).To(HaveLen(1))
	})
})

// movingClock is the time, and more.
type movingClock struct{ ahead atomic.Int64 }

func (c *movingClock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *movingClock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// podsOf are the pods that belong to an instance.
func (w *world) podsOf(name string) []corev1.Pod {
	instance := w.get(name)
	var mine []corev1.Pod
	for _, pod := range w.pods() {
		if metav1.IsControlledBy(&pod, instance) {
			mine = append(mine, pod)
		}
	}
	return mine
}

// writeLog notes the manager's writes for one instance.
type writeLog struct {
	instance string
	mu       sync.Mutex
	writes   []string
}

func newWriteLog(instance string) *writeLog { return &writeLog{instance: instance} }

func (l *writeLog) note(o client.Object, what string) {
	_, isInstance := o.(*v1alpha1.PreviewInstance)
	if isInstance && o.GetName() != l.instance || !isInstance && what != "claim" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes = append(l.writes, what)
}

func (l *writeLog) list() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writes
}

func (l *writeLog) wrap(inner client.WithWatch) client.Client {
	return interceptor.NewClient(inner, interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			l.note(o, "update")
			return c.Update(ctx, o, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			data, err := p.Data(o)
			if err == nil && strings.Contains(string(data), l.instance+"\"") {
				l.note(o, "claim")
			}
			return c.Patch(ctx, o, p, opts...)
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			l.note(o, sub)
			return c.SubResource(sub).Update(ctx, o, opts...)
		},
	})
}

var _ = Describe("The claim of a warm pod", func() {
	It("is written once, although its answer is lost", func() {
		w := newWorld(nil)
		var lost atomic.Int32
		w.wrap = claimFaults(func(next func() error, _ client.Object) error {
			if err := next(); err != nil || lost.Add(1) > 1 {
				return err
			}
			return errLostReply
		})
		w.warm(2)
		w.create("hello", nil)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.podsOf("hello")).To(HaveLen(1))
		Expect(w.get("hello").Status.Start.Kind).To(Equal(v1alpha1.StartWarm))
	})

	It("is lost to who was first; the pod, which holds code now, is used by nobody", func(ctx SpecContext) {
		w := newWorld(nil)
		var once sync.Once
		var stolen atomic.Value
		w.wrap = claimFaults(func(next func() error, pod client.Object) error {
			once.Do(func() {
				defer GinkgoRecover()
				stolen.Store(pod.GetName())
				Expect(w.steal(ctx, pod.GetName())).To(Succeed())
			})
			return next()
		})
		w.warm(2)
		w.create("hello", nil)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.get("hello").Status.PodName).NotTo(Equal(stolen.Load()))
		Expect(w.runner.assignments(stolen.Load().(string))).To(BeEmpty())
	})

	It("survives a write of the kubelet in between", func(ctx SpecContext) {
		w := newWorld(nil)
		var once sync.Once
		w.wrap = claimFaults(func(next func() error, pod client.Object) error {
			once.Do(func() {
				defer GinkgoRecover()
				w.setPod(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.GetName(), Namespace: w.namespace}}, func(status *corev1.PodStatus) { status.Message = "written meanwhile" })
			})
			return next()
		})
		w.warm(1)
		w.create("hello", nil)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
		Expect(w.get("hello").Status.Start.Kind).To(Equal(v1alpha1.StartWarm))
	})

	It("stays exclusive among 50 launches, with conflicts and lost answers", func(ctx SpecContext) {
		const launches, warm = 50, 20
		w := newWorld(nil)
		w.wrap = claimFaults(func(next func() error, pod client.Object) error {
			switch rand.IntN(5) {
			case 0:
				return errLostReply // never sent
			case 1:
				if err := next(); err != nil {
					return err
				}
				return errLostReply
			case 2:
				return apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, pod.GetName(), errors.New("somebody else was faster"))
			}
			return next()
		})
		runs := newRunLog(w)
		w.warm(warm)
		var created sync.WaitGroup
		for i := range launches {
			created.Go(func() {
				defer GinkgoRecover()
				w.create(fmt.Sprint("i", i), nil)
			})
		}
		created.Wait()
		pods := map[string]string{}
		for i := range launches {
			name := fmt.Sprint("i", i)
			Eventually(w.phase(name)).Should(Equal(v1alpha1.PhaseRunning), name)
			instance := w.get(name)
			Expect(pods).NotTo(HaveKey(instance.Status.PodName))
			pods[instance.Status.PodName] = name
			Expect(w.podsOf(name)).To(HaveLen(1))
		}
		Expect(runs.strangers()).To(BeEmpty())
	})
})

var _ = Describe("A pod whose code was never to be run", func() {
	It("is replaced after its manager has died, and not when the project only says so", func(ctx SpecContext) {
		w := newWorld(nil)
		w.runner.hold = make(chan struct{})
		w.warm(2)
		w.create("hello", nil)
		Eventually(func() int { return len(w.podsOf("hello")) }).Should(Equal(1))
		first := w.podsOf("hello")[0]
		Eventually(func() string { return w.get("hello").Status.PodName }).Should(Equal(first.Name))
		w.stop()
		notRun := corev1.ContainerStateTerminated{ExitCode: 1, Message: `{"reason":"NotRun"}`}
		w.endPod(&first, notRun)
		w.start()
		Eventually(func() string { return w.get("hello").Status.PodName }).ShouldNot(Or(Equal(first.Name), BeEmpty()))
		Eventually(func() int { return len(w.runner.assignments(w.get("hello").Status.PodName)) }).Should(BeNumerically(">", 0))

		w.endPod(w.podOf("hello"), notRun)
		Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseFailed))
	})
})

// steal makes a warm pod that of an instance which nobody has heard of.
func (w *world) steal(ctx context.Context, pod string) error {
	patch := fmt.Sprintf(`[{"op":"remove","path":"/metadata/labels/%s"},{"op":"replace","path":"/metadata/ownerReferences","value":
		[{"apiVersion":"preview.codebegen.dev/v1alpha1","kind":"PreviewInstance","name":"thief","uid":"00000000-0000-0000-0000-000000000001","controller":true}]}]`,
		pointer(v1alpha1.LabelWarm))
	return api.Patch(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: w.namespace}}, client.RawPatch(types.JSONPatchType, []byte(patch)))
}

// runLog notes on which pod each assignment was run, and who owned the pod then.
type runLog struct {
	mu    sync.Mutex
	wrong []string
}

func newRunLog(w *world) *runLog {
	l := &runLog{}
	w.runner.running = func(target handover.Target, a runnerapi.Assignment) {
		pod := &corev1.Pod{}
		err := api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: target.PodName}, pod)
		owner := metav1.GetControllerOf(pod)
		if err != nil || owner == nil || string(owner.UID) != a.ID {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.wrong = append(l.wrong, fmt.Sprintf("%s ran on %s of %v (%v)", a.ID, target.PodName, owner, err))
		}
	}
	return l
}

func (l *runLog) strangers() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrong
}

// Rule 4, for the writes of a warm launch.
var _ = Describe("A manager that crashes at one of the writes of a warm launch", func() {
	for _, after := range []bool{false, true} {
		for n := int32(1); n <= 5; n++ {
			moment := map[bool]string{false: "before", true: "after"}[after]
			It(fmt.Sprintf("%s write %d leaves one pod and one port", moment, n), func(ctx SpecContext) {
				w := newWorld(func(s *settings.Settings) { s.PortMax = s.PortMin + 1 })
				crash := &crashPoint{at: n, after: after, crashed: make(chan struct{}), armed: &atomic.Bool{}}
				w.wrap = crash.wrap
				runs := newRunLog(w)
				w.warm(2)
				crash.armed.Store(true)
				w.create("hello", nil)
				Eventually(func() bool {
					select {
					case <-crash.crashed:
						return true
					default:
						return w.get("hello").Status.Phase == v1alpha1.PhaseRunning
					}
				}).Should(BeTrue())
				w.stop()

				w.wrap = nil
				w.start()
				Eventually(w.phase("hello")).Should(Equal(v1alpha1.PhaseRunning))
				Eventually(func() []corev1.Pod { return w.podsOf("hello") }).Should(HaveLen(1))
				Expect(w.get("hello").Status.PodName).To(Equal(w.podsOf("hello")[0].Name))
				Expect(runs.strangers()).To(BeEmpty())
				for _, assignment := range w.runner.assignments(w.get("hello").Status.PodName) {
					Expect(assignment.Port).To(Equal(w.get("hello").Status.Port), "the port that the application listens on is not the one of the status")
				}
				w.create("other", nil)
				Eventually(w.phase("other")).Should(Equal(v1alpha1.PhaseRunning))
				Expect(w.get("other").Status.Port).NotTo(Equal(w.get("hello").Status.Port))
				for _, name := range []string{"hello", "other"} {
					Expect(api.Delete(ctx, w.get(name))).To(Succeed())
					w.eventuallyAbsent(ctx, name)
				}
				Eventually(func() bool {
					for _, pod := range w.pods() {
						if !isWarm(pod) {
							return false
						}
					}
					return true
				}).Should(BeTrue(), "pods are left that nobody owns")
			})
		}
	}
})
