package e2e

import (
	"context"
	"fmt"
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// crashSpecs kill the manager at the worst moment.
func crashSpecs() {
	It("finishes 20 launches after the manager was killed in the middle of them", func(ctx SpecContext) {
		const count = 20
		deleteAll(ctx)
		eventuallyNothingLeft(ctx)
		DeferCleanup(deleteAll)
		manager, err := cluster.ManagerPod(ctx)
		Expect(err).NotTo(HaveOccurred())
		process, err := framework.ContainerProcess(string(manager.UID), "/manager")
		Expect(err).NotTo(HaveOccurred())
		restarts := restartCount(*manager)

		for i := range count {
			name := unique(fmt.Sprintf("crash-%02d", i))
			instance := framework.InlineInstance(cluster.Namespace, name, unique("user"), minimal(name))
			Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		}
		By("waiting for the middle")
		running := 0
		Eventually(ctx, func(ctx context.Context) (_ int, err error) {
			running, err = countRunning(ctx)
			return running, err
		}).WithTimeout(startTimeout).WithPolling(10 * time.Millisecond).Should(BeNumerically(">=", 3))
		Expect(running).To(BeNumerically("<", count), "it was too late to kill the manager")
		Expect(kill(process)).To(Succeed())
		GinkgoWriter.Printf("killed process %d of the manager with %d of %d running\n", process, running, count)

		Eventually(ctx, func(ctx context.Context) (int32, error) {
			pod, err := cluster.ManagerPod(ctx)
			if err != nil {
				return 0, err
			}
			return restartCount(*pod), nil
		}).WithTimeout(startTimeout).WithPolling(poll).Should(BeNumerically(">", restarts))
		Eventually(ctx, countRunning).WithTimeout(2 * time.Minute).WithPolling(poll).Should(Equal(count))
		expectDistinctPorts(ctx, count)

		By("finding no pod without its instance, and no instance with two")
		instances, err := cluster.Instances(ctx, userPrefix)
		Expect(err).NotTo(HaveOccurred())
		pods, err := cluster.PreviewPods(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(pods).To(HaveLen(count))
		for _, instance := range instances {
			Expect(onlyPod(ctx, &instance).Name).To(Equal(instance.Status.PodName))
		}
	})
}

// kill ends a process that the suite has found to be the manager's.
func kill(pid int) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return process.Kill()
}

func restartCount(pod corev1.Pod) int32 {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == "manager" {
			return status.RestartCount
		}
	}
	return 0
}

// countRunning counts the suite's running instances.
func countRunning(ctx context.Context) (int, error) {
	instances, err := cluster.Instances(ctx, userPrefix)
	running := 0
	for _, instance := range instances {
		switch instance.Status.Phase {
		case v1alpha1.PhaseRunning:
			running++
		case v1alpha1.PhaseFailed, v1alpha1.PhaseStopped:
			return running, StopTrying(instance.Name + " ended: " + summary(&instance))
		}
	}
	return running, err
}

// expectDistinctPorts checks that no two instances share a port, in status and in what their pods were told.
func expectDistinctPorts(ctx context.Context, count int) {
	GinkgoHelper()
	instances, err := cluster.Instances(ctx, "")
	Expect(err).NotTo(HaveOccurred())
	ports := map[int32]string{}
	for _, instance := range instances {
		if instance.Status.Port == 0 {
			continue
		}
		Expect(ports).NotTo(HaveKey(instance.Status.Port), "shared by %s", instance.Name)
		Expect(instance.Status.Port).To(And(BeNumerically(">=", 3001), BeNumerically("<=", 3100)))
		ports[instance.Status.Port] = instance.Name
	}
	Expect(len(ports)).To(BeNumerically(">=", count))
}
