package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// hashWithSeed0 is hash("preview") in CPython 3.11 and later with PYTHONHASHSEED=0: SipHash-1-3 with a known key.
const hashWithSeed0 = 5242982658128325671

// warmSpecs launch previews in pods that waited for them.
func warmSpecs() {
	It("takes a waiting pod, changes its memory limit in place, and starts an interpreter anew where that is needed", func(ctx SpecContext) {
		runtime := warmRuntime(ctx, "limits", 2)
		eventuallyWarm(ctx, runtime.Name, 2)
		waiting := warmPods(ctx, runtime.Name)

		instance := framework.InlineInstance(cluster.Namespace, unique("limits"), unique("user"), testProject("limits"))
		instance.Spec.RuntimeName = runtime.Name
		instance.Spec.MemoryLimitMB = new(int32(160))
		instance.Spec.Env = []v1alpha1.EnvVar{{Name: "PYTHONHASHSEED", Value: "0"}}
		Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		running := eventuallyPhase(ctx, named(instance.Name), v1alpha1.PhaseRunning, startTimeout)
		Expect(waiting).To(ContainElement(running.Status.PodName))
		Expect(*running.Status.Start).To(And(
			HaveField("Kind", v1alpha1.StartWarm), HaveField("Interpreter", v1alpha1.InterpreterFresh),
			HaveField("Message", ContainSubstring("PYTHONHASHSEED"))))

		var told struct{ Memory, Hash int64 }
		ask(ctx, running, "/limits", &told)
		Expect(told.Memory).To(Equal(int64(160 << 20)))
		Expect(told.Hash).To(Equal(int64(hashWithSeed0)))
		Eventually(ctx, func(ctx context.Context) (string, error) {
			return cluster.Kubectl(ctx, "-n", cluster.Namespace, "describe", "pvi", instance.Name)
		}).WithTimeout(goneTimeout).WithPolling(poll).Should(ContainSubstring("warm start in pod " + running.Status.PodName))
	})

	It("loses no launch, and uses no pod twice, while a runtime's pool is replaced", func(ctx SpecContext) {
		runtime := warmRuntime(ctx, "rolling", 2)
		eventuallyWarm(ctx, runtime.Name, 2)
		revision := warmRevision(ctx, runtime.Name)
		used := map[string]string{}
		for round := range 6 {
			if round%2 == 1 {
				limit := int32(256 + 16*round)
				patch := fmt.Sprintf(`{"spec":{"memoryLimitMB":%d}}`, limit)
				Expect(cluster.Client.Patch(ctx, runtime, client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
			}
			name := unique(fmt.Sprint("rolling-", round))
			instance := framework.InlineInstance(cluster.Namespace, name, unique("user"), minimal(name))
			instance.Spec.RuntimeName = runtime.Name
			Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
			running := eventuallyPhase(ctx, named(name), v1alpha1.PhaseRunning, startTimeout)
			Expect(used).NotTo(HaveKey(running.Status.PodName))
			used[running.Status.PodName] = name
			Expect(onlyPod(ctx, running).Name).To(Equal(running.Status.PodName))
			Expect(running.Status.MemoryLimitMB).To(BeNumerically(">=", 256))
		}
		eventuallyWarm(ctx, runtime.Name, 2)
		Expect(warmRevision(ctx, runtime.Name)).NotTo(Equal(revision))
		for _, name := range warmPods(ctx, runtime.Name) {
			Expect(used).NotTo(HaveKey(name))
		}
	})
}

// warmRuntime makes a runtime like the standard one, with a pool of its own, which goes with it when the spec ends.
func warmRuntime(ctx context.Context, name string, size int32) *v1alpha1.PreviewRuntime {
	GinkgoHelper()
	standard := &v1alpha1.PreviewRuntime{}
	key := types.NamespacedName{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}
	Expect(cluster.Client.Get(ctx, key, standard)).To(Succeed())
	runtime := &v1alpha1.PreviewRuntime{
		ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: unique(name)}, Spec: *standard.Spec.DeepCopy(),
	}
	runtime.Spec.Warm = &v1alpha1.WarmPool{Size: &size}
	Expect(cluster.Client.Create(ctx, runtime)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		deleteAll(ctx)
		Expect(cluster.Client.Delete(ctx, runtime)).To(Succeed())
		Eventually(ctx, func() []string { return warmPods(ctx, runtime.Name) }).WithTimeout(goneTimeout).WithPolling(poll).Should(BeEmpty())
	})
	return runtime
}

// poolOfStandardRuntime gives the standard runtime a pool until the spec ends, and waits for it.
func poolOfStandardRuntime(ctx context.Context, size int32) {
	GinkgoHelper()
	patch := func(ctx context.Context, pool string) {
		standard := &v1alpha1.PreviewRuntime{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}}
		patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"warm":`+pool+`}}`))
		Expect(cluster.Client.Patch(ctx, standard, patch)).To(Succeed())
	}
	patch(ctx, fmt.Sprintf(`{"size":%d}`, size))
	DeferCleanup(func(ctx SpecContext) {
		patch(ctx, `{"size":0}`)
		Eventually(ctx, func() []string { return warmPods(ctx, v1alpha1.DefaultRuntimeName) }).WithTimeout(goneTimeout).WithPolling(poll).Should(BeEmpty())
	})
	eventuallyWarm(ctx, v1alpha1.DefaultRuntimeName, size)
}

// eventuallyWarm waits until so many pods of a pool wait with everything preloaded, and no others are on their way.
func eventuallyWarm(ctx context.Context, runtime string, want int32) {
	GinkgoHelper()
	Eventually(ctx, func(ctx context.Context) (v1alpha1.PreviewRuntimeStatus, error) {
		read := &v1alpha1.PreviewRuntime{}
		err := cluster.Client.Get(ctx, types.NamespacedName{Namespace: cluster.Namespace, Name: runtime}, read)
		if read.Status.ObservedGeneration != read.Generation {
			return v1alpha1.PreviewRuntimeStatus{}, err
		}
		return read.Status, err
	}).WithTimeout(startTimeout).WithPolling(poll).Should(HaveField("Warm", And(
		Not(BeNil()), HaveField("Ready", want), HaveField("Starting", BeZero()))))
}

func warmRevision(ctx context.Context, runtime string) string {
	GinkgoHelper()
	read := &v1alpha1.PreviewRuntime{}
	Expect(cluster.Client.Get(ctx, types.NamespacedName{Namespace: cluster.Namespace, Name: runtime}, read)).To(Succeed())
	Expect(read.Status.Warm).NotTo(BeNil())
	return read.Status.Warm.Revision
}

// warmPods are the names of the pods of a runtime that wait.
func warmPods(ctx context.Context, runtime string) []string {
	GinkgoHelper()
	pods := &corev1.PodList{}
	Expect(cluster.Client.List(ctx, pods, client.InNamespace(cluster.Namespace), client.MatchingLabels{
		v1alpha1.LabelWarm: v1alpha1.WarmUnclaimed, v1alpha1.LabelRuntime: runtime,
	})).To(Succeed())
	var names []string
	for _, pod := range pods.Items {
		names = append(names, pod.Name)
	}
	return names
}

// ask sends a request straight to an application, and decodes its answer.
func ask(ctx context.Context, instance *v1alpha1.PreviewInstance, path string, into any) {
	GinkgoHelper()
	url := fmt.Sprintf("http://%s:%d%s", instance.Status.PodIP, instance.Status.Port, path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	Expect(response.StatusCode).To(Equal(http.StatusOK))
	Expect(json.NewDecoder(response.Body).Decode(into)).To(Succeed())
}
