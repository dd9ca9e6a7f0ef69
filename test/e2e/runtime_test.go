package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// runtimeSpecs run previews on runtimes other than the standard one.
func runtimeSpecs() {
	It("copies the runner into an image that need not have it", func(ctx SpecContext) {
		standard := &v1alpha1.PreviewRuntime{}
		key := types.NamespacedName{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}
		Expect(cluster.Client.Get(ctx, key, standard)).To(Succeed())
		copied := &v1alpha1.PreviewRuntime{Spec: *standard.Spec.DeepCopy()}
		copied.Namespace, copied.Name = cluster.Namespace, unique("copied")
		copied.Spec.RunnerImage = standard.Spec.Image
		Expect(cluster.Client.Create(ctx, copied)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) {
			deleteAll(ctx)
			Expect(cluster.Client.Delete(ctx, copied)).To(Succeed())
		})

		instance := framework.InlineInstance(cluster.Namespace, unique("copied"), unique("user"), minimal("copied"))
		instance.Spec.RuntimeName = copied.Name
		Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		running := eventuallyPhase(ctx, named(instance.Name), v1alpha1.PhaseRunning, startTimeout)

		pod := &corev1.Pod{}
		Expect(cluster.Client.Get(ctx, types.NamespacedName{Namespace: cluster.Namespace, Name: running.Status.PodName}, pod)).To(Succeed())
		Expect(pod.Spec.InitContainers).To(HaveLen(1))
		Expect(pod.Spec.Containers[0].Command).To(HaveExactElements(HavePrefix("/preview-runner/")))
	})
}
