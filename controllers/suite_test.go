package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

// The suite runs the reconciler against a real API server and etcd, without kubelet, scheduler or garbage collector:
// the specs play the kubelet, and a scripted runner answers the handovers.

var (
	apiServer *envtest.Environment
	apiConfig *rest.Config
	api       client.WithWatch
)

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "controllers")
}

var _ = BeforeSuite(func() {
	Expect(os.Getenv("KUBEBUILDER_ASSETS")).NotTo(BeEmpty(), "run this suite with `make envtest`, which builds the API server")
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	Expect(v1alpha1.AddToScheme(clientgoscheme.Scheme)).To(Succeed())
	apiServer = &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "config", "crd", "bases")}, ErrorIfCRDPathMissing: true}
	var err error
	apiConfig, err = apiServer.Start()
	Expect(err).NotTo(HaveOccurred())
	apiConfig.QPS, apiConfig.Burst = 1000, 2000
	api, err = client.NewWithWatch(apiConfig, client.Options{})
	Expect(err).NotTo(HaveOccurred())
})

var _ = AfterSuite(func() {
	if apiConfig != nil {
		Expect(apiServer.Stop()).To(Succeed())
	}
})

// scriptedRunner stands for the runners of all pods: it answers an assignment by its id.
type scriptedRunner struct {
	// timings are in the answers that are not scripted.
	timings  runnerapi.Timings
	mu       sync.Mutex
	answers  map[string]runnerapi.Result
	errors   map[string]error
	assigned map[string][]runnerapi.Assignment
	code     map[string][]byte
	hold     chan struct{}
	unready  chan struct{}
	// assigning is told of the context of each assignment, unless it is nil.
	assigning func(context.Context)
	// staging is asked before anything is staged, unless it is nil.
	staging func(handover.Target, runnerapi.Assignment) error
	// running is told of everything that is run, unless it is nil.
	running func(handover.Target, runnerapi.Assignment)
	// staged holds what each pod has staged, or ran.
	staged map[string]string
	// loading keeps pods from having preloaded everything.
	loading atomic.Bool
}

func newScriptedRunner() *scriptedRunner {
	return &scriptedRunner{
		answers: map[string]runnerapi.Result{}, errors: map[string]error{},
		assigned: map[string][]runnerapi.Assignment{}, code: map[string][]byte{},
		staged: map[string]string{},
	}
}

// Ready waits for unready to be closed, if the script set it.
func (r *scriptedRunner) Ready(ctx context.Context, _ handover.Target) error {
	if r.unready == nil {
		return nil
	}
	select {
	case <-r.unready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Preloaded fails while pods are loading, and for those that have staged something.
func (r *scriptedRunner) Preloaded(_ context.Context, target handover.Target) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.loading.Load():
		return handover.ErrUnreachable
	case r.staged[target.PodName] != "":
		return handover.ErrConflict
	}
	return nil
}

// Stage takes one assignment for each pod.
func (r *scriptedRunner) Stage(_ context.Context, target handover.Target, a runnerapi.Assignment, code []byte) (StagedRunner, error) {
	if r.staging != nil {
		if err := r.staging(target, a); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if staged := r.staged[target.PodName]; staged != "" && staged != a.ID {
		return nil, handover.ErrConflict
	}
	r.staged[target.PodName] = a.ID
	return stagedScript{func(ctx context.Context) (runnerapi.Result, error) { return r.Assign(ctx, target, a, code) }}, nil
}

// stagedScript is a StagedRunner.
type stagedScript struct {
	run func(context.Context) (runnerapi.Result, error)
}

func (s stagedScript) Run(ctx context.Context) (runnerapi.Result, error) { return s.run(ctx) }
func (stagedScript) Close()                                              {}

// Assign answers serving unless the script says otherwise.
func (r *scriptedRunner) Assign(ctx context.Context, target handover.Target, a runnerapi.Assignment, code []byte) (runnerapi.Result, error) {
	r.mu.Lock()
	r.assigned[target.PodName] = append(r.assigned[target.PodName], a)
	r.code[a.ID] = code
	answer, scripted := r.answers[a.ID]
	err := r.errors[a.ID]
	hold := r.hold
	r.mu.Unlock()
	if r.assigning != nil {
		r.assigning(ctx)
	}
	if r.running != nil {
		r.running(target, a)
	}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return runnerapi.Result{}, ctx.Err()
		}
	}
	if !scripted {
		answer = runnerapi.Result{AssignmentID: a.ID, State: runnerapi.StateServing, CodeLoaded: true, Timings: r.timings}
	}
	return answer, err
}

func (r *scriptedRunner) answer(id string, result runnerapi.Result, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[id], r.errors[id] = result, err
}

func (r *scriptedRunner) assignments(pod string) []runnerapi.Assignment {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.assigned[pod]
}

// generationMap is a store of generations.
type generationMap map[string]store.Meta

func (g generationMap) Generation(_ context.Context, id string) (store.Meta, error) {
	meta, ok := g[id]
	if !ok {
		return store.Meta{}, store.ErrNotFound
	}
	return meta, unusable(meta)
}

// unusable is what is wrong with the files of a generation of this project.
func unusable(meta store.Meta) error {
	if meta.ProjectID != "unusable" {
		return nil
	}
	return fmt.Errorf("%w: %w", store.ErrUnusable, archive.CheckPath("../main.py"))
}

func (g generationMap) Archive(_ context.Context, id, _ string) ([]byte, error) {
	meta, ok := g[id]
	if !ok {
		return nil, store.ErrNotFound
	}
	return []byte("archive of " + id), unusable(meta)
}

// world is one namespace with a manager of its own.
type world struct {
	namespace   string
	runner      *scriptedRunner
	generations generationMap
	settings    settings.Settings
	// live is what the next manager reads instead of settings, if it is set; see makeLive.
	live *settings.Live
	// wrap puts faults between the manager and the API server.
	wrap func(client.WithWatch) client.Client
	// metrics of the next manager, which nobody reads when nil.
	metrics *Metrics
	// tracing of the next manager; off when nil.
	tracing *telemetry.Tracing
	now     func() time.Time
	stop    func()
}

// newWorld makes a namespace with a PreviewRuntime; change adapts the settings.
func newWorld(change func(*settings.Settings)) *world {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "world-"}}
	Expect(api.Create(context.Background(), namespace)).To(Succeed())
	config, err := settings.Load(func(string) (string, bool) { return "", false })
	Expect(err).NotTo(HaveOccurred())
	config.WatchNamespaces = []string{namespace.Name}
	config.PodNamespace = "preview-system"
	if change != nil {
		change(&config)
	}
	w := &world{namespace: namespace.Name, runner: newScriptedRunner(), generations: generationMap{}, settings: config}
	Expect(api.Create(context.Background(), &v1alpha1.PreviewRuntime{
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DefaultRuntimeName, Namespace: w.namespace},
		Spec:       v1alpha1.PreviewRuntimeSpec{Image: "codebegen/preview-runtime-python:test"},
	})).To(Succeed())
	return w
}

// start runs a manager; a second one may follow once the first was stopped, as after a crash.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	options := ctrl.Options{
		Scheme:  clientgoscheme.Scheme,
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{w.namespace: {}}},
	}
	if w.wrap != nil {
		options.NewClient = func(c *rest.Config, o client.Options) (client.Client, error) {
			inner, err := client.NewWithWatch(c, o)
			if err != nil {
				return nil, err
			}
			return w.wrap(inner), nil
		}
	}
	mgr, err := ctrl.NewManager(rest.CopyConfig(apiConfig), options)
	Expect(err).NotTo(HaveOccurred())
	live := settings.Fixed(w.settings)
	if w.live != nil {
		live = w.live
	}
	Expect(SetupWithManager(mgr, Options{
		Settings: live, RunnerKey: []byte(strings.Repeat("k", 32)), Generations: w.generations, Runners: w.runner,
		Metrics: w.metrics, Tracing: w.tracing, Now: w.now, SkipNameValidation: true,
	})).To(Succeed())
	ended := make(chan struct{})
	go live.Run(ctx, slog.New(slog.NewTextHandler(GinkgoWriter, nil)))
	go func() {
		defer GinkgoRecover()
		defer close(ended)
		Expect(mgr.Start(ctx)).To(Succeed())
	}()
	once := sync.OnceFunc(func() { cancel(); <-ended })
	w.stop = once
	DeferCleanup(once)
}

// makeLive lets the next manager read its settings from a folder, and returns what writes them there.
func (w *world) makeLive() func(map[string]string) {
	folder := GinkgoT().TempDir()
	live, err := settings.Open(func(name string) (string, bool) {
		value, ok := map[string]string{"PREVIEW_SETTINGS_DIR": folder, "PREVIEW_WATCH_NAMESPACES": w.namespace}[name]
		return value, ok
	})
	Expect(err).NotTo(HaveOccurred())
	w.live = live
	return func(values map[string]string) {
		for name, value := range values {
			Expect(os.WriteFile(filepath.Join(folder, name), []byte(value), 0o600)).To(Succeed())
		}
	}
}

func (w *world) instance(name string, change func(*v1alpha1.PreviewInstanceSpec)) *v1alpha1.PreviewInstance {
	instance := &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace},
		Spec: v1alpha1.PreviewInstanceSpec{
			GenerationID: "gen-" + name, UserID: "alice",
			Source: v1alpha1.Source{Inline: &v1alpha1.InlineSource{Files: []v1alpha1.SourceFile{{Path: "main.py", Content: "app = 1"}}}},
		},
	}
	if change != nil {
		change(&instance.Spec)
	}
	return instance
}

func (w *world) create(name string, change func(*v1alpha1.PreviewInstanceSpec)) *v1alpha1.PreviewInstance {
	instance := w.instance(name, change)
	Expect(api.Create(context.Background(), instance)).To(Succeed())
	return instance
}

func (w *world) get(name string) *v1alpha1.PreviewInstance {
	instance := &v1alpha1.PreviewInstance{}
	Expect(api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: name}, instance)).To(Succeed())
	return instance
}

func (w *world) status(name string) func() v1alpha1.PreviewInstanceStatus {
	return func() v1alpha1.PreviewInstanceStatus { return w.get(name).Status }
}

func (w *world) phase(name string) func() v1alpha1.Phase {
	return func() v1alpha1.Phase { return w.get(name).Status.Phase }
}

func (w *world) pods() []corev1.Pod {
	list := &corev1.PodList{}
	Expect(api.List(context.Background(), list, client.InNamespace(w.namespace))).To(Succeed())
	return list.Items
}

// podOf waits for the pod of an instance.
func (w *world) podOf(name string) *corev1.Pod {
	pod := &corev1.Pod{}
	Eventually(func() error {
		return api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: w.get(name).Status.PodName}, pod)
	}).Should(Succeed())
	return pod
}

// startPod does what the kubelet does when a pod's container runs.
func (w *world) startPod(pod *corev1.Pod) {
	w.setPod(pod, setRunning)
}

func setRunning(status *corev1.PodStatus) {
	status.Phase = corev1.PodRunning
	status.PodIP = "10.0.0.7"
	status.PodIPs = []corev1.PodIP{{IP: "10.0.0.7"}}
	status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "runner", Image: "i", ImageID: "i", Ready: true,
		// Of a kubelet that can resize pods in place.
		Resources: &corev1.ResourceRequirements{},
		State:     corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
	}}
}

// endPod does what the kubelet does when a pod's container has ended.
func (w *world) endPod(pod *corev1.Pod, ended corev1.ContainerStateTerminated) {
	w.setPod(pod, func(status *corev1.PodStatus) {
		status.Phase = corev1.PodFailed
		status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "runner", Image: "i", ImageID: "i", State: corev1.ContainerState{Terminated: &ended},
		}}
	})
}

func (w *world) setPod(pod *corev1.Pod, change func(*corev1.PodStatus)) {
	Expect(api.Get(context.Background(), client.ObjectKeyFromObject(pod), pod)).To(Succeed())
	change(&pod.Status)
	Expect(api.Status().Update(context.Background(), pod)).To(Succeed())
}

// eventuallyAbsent waits until an instance is gone.
func (w *world) eventuallyAbsent(ctx context.Context, name string) {
	GinkgoHelper()
	Eventually(func() bool {
		return apierrors.IsNotFound(api.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, &v1alpha1.PreviewInstance{}))
	}).Should(BeTrue(), name)
}

// run brings an instance to phase Running.
func (w *world) run(name string, change func(*v1alpha1.PreviewInstanceSpec)) *v1alpha1.PreviewInstance {
	w.create(name, change)
	w.startPod(w.podOf(name))
	Eventually(w.phase(name)).Should(Equal(v1alpha1.PhaseRunning))
	return w.get(name)
}

func (w *world) setDesired(name string, desired v1alpha1.DesiredState) {
	patch := fmt.Sprintf(`{"spec":{"desiredState":%q}}`, desired)
	Expect(api.Patch(context.Background(), w.get(name), client.RawPatch("application/merge-patch+json", []byte(patch)))).To(Succeed())
}
