package e2e

import (
	"context"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	// silentSeconds is the startup timeout of the application that never listens.
	silentSeconds = 3
	// shortSeconds is a time that is over before the case that looks.
	shortSeconds = 4
	// nodeLabel is what the node lacks at first that the late pod waits for.
	nodeLabel = "e2e.preview.codebegen.dev/late"
)

// failureSpecs start all failing applications side by side and then look at what became of each.
func failureSpecs() {
	var broken, hungry, crashing preview
	var silentName, quittingName, lateName, oldName, idleName string

	create := func(ctx context.Context, name string, files map[string]string, edit func(*v1alpha1.PreviewInstanceSpec)) string {
		GinkgoHelper()
		instance := framework.InlineInstance(cluster.Namespace, unique(name), unique("user"), files)
		edit(&instance.Spec)
		Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		return instance.Name
	}
	BeforeAll(func(ctx SpecContext) {
		hungry = launchProject(ctx, "hungry", testProject("hungry"), 0)
		crashing = launchProject(ctx, "crashing", testProject("crashing"), 0)
		silentName = create(ctx, "silent", testProject("silent"), func(spec *v1alpha1.PreviewInstanceSpec) {
			spec.StartupTimeoutSeconds = ptr.To(int32(silentSeconds))
		})
		quittingName = create(ctx, "quitting", testProject("quitting"), func(*v1alpha1.PreviewInstanceSpec) {})
		oldName = create(ctx, "old", minimal("old"), func(spec *v1alpha1.PreviewInstanceSpec) {
			spec.MaxUptimeSeconds = ptr.To(int32(shortSeconds))
		})
		idleName = create(ctx, "idle", minimal("idle"), func(spec *v1alpha1.PreviewInstanceSpec) {
			spec.SessionTimeoutSeconds, spec.TTLSecondsAfterFinished = ptr.To(int32(shortSeconds)), ptr.To(int32(shortSeconds))
		})

		runtime := lateRuntime(ctx)
		DeferCleanup(func(ctx SpecContext) { Expect(cluster.Client.Delete(ctx, runtime)).To(Succeed()) })
		lateName = create(ctx, "late", minimal("late"), func(spec *v1alpha1.PreviewInstanceSpec) {
			spec.RuntimeName, spec.StartupTimeoutSeconds = runtime.Name, ptr.To(int32(shortSeconds))
		})
	})
	AfterAll(deleteAll)

	It("tells the import error in status and logs", func(ctx SpecContext) {
		broken = launchProject(ctx, "broken", example("broken"), 0)
		stream, err := broken.Logs(ctx, broken.id)
		Expect(err).NotTo(HaveOccurred())
		defer stream.Close()
		Eventually(ctx, stream.Text).WithTimeout(startTimeout).WithPolling(poll).Should(And(
			ContainSubstring("Traceback (most recent call last)"),
			ContainSubstring("ImportError: cannot import name 'calculate_vat' from 'app.services.tax'")))

		failed := broken.eventuallyFailed(ctx)
		Expect(failed.Status.Reason).To(Equal(v1alpha1.ReasonImportError))
		Expect(failed.Status.LastFailure).To(HaveField("Reason", v1alpha1.ReasonImportError))
		Expect(failed.Status.LastFailure.Message).To(ContainSubstring("ImportError: cannot import name 'calculate_vat'"))
		Expect(condition(failed, v1alpha1.ConditionReady).Status).To(BeEquivalentTo("False"))
		status, err := broken.Status(ctx, broken.id)
		Expect(err).NotTo(HaveOccurred())
		Expect(status.Status).To(Equal("failed"))
		Expect(string(status.Raw)).To(ContainSubstring("calculate_vat"))
		eventuallyEnded(ctx, failed)
	})

	It("tells that memory ran out, and the limit", func(ctx SpecContext) {
		running := hungry.eventuallyRunning(ctx)
		_, err := hungry.Get(ctx, hungry.id, hungry.launch.SessionToken, "/allocate")
		Expect(err).To(HaveOccurred(), "the application survived")
		failed := hungry.eventuallyFailed(ctx)
		Expect(failed.Status.LastFailure).NotTo(BeNil())
		Expect(failed.Status.LastFailure.Reason).To(Equal(v1alpha1.ReasonOOMKilled), summary(failed))
		Expect(running.Status.MemoryLimitMB).To(BeNumerically(">=", 64))
		Expect(failed.Status.LastFailure.Message).To(ContainSubstring(fmt.Sprint(running.Status.MemoryLimitMB)))
		eventuallyEnded(ctx, failed)
	})

	It("tells the exit code of an application that ended after its start", func(ctx SpecContext) {
		crashing.eventuallyRunning(ctx)
		_, err := crashing.Get(ctx, crashing.id, crashing.launch.SessionToken, "/crash")
		Expect(framework.StatusOf(err)).To(BeNumerically(">=", http.StatusInternalServerError), "%v", err)
		failed := crashing.eventuallyFailed(ctx)
		Expect(failed.Status.LastFailure).NotTo(BeNil())
		Expect(failed.Status.LastFailure.Reason).To(Equal(v1alpha1.ReasonAppExited), summary(failed))
		Expect(failed.Status.LastFailure.ExitCode).To(HaveValue(BeEquivalentTo(7)))
		eventuallyEnded(ctx, failed)
	})

	It("tells the exit code of an application that ended at once", func(ctx SpecContext) {
		failed := eventuallyPhase(ctx, named(quittingName), v1alpha1.PhaseFailed, startTimeout)
		Expect(failed.Status.LastFailure).NotTo(BeNil())
		Expect(failed.Status.LastFailure.Reason).To(Or(
			Equal(v1alpha1.ReasonAppExited), Equal(v1alpha1.ReasonStartupFailed), Equal(v1alpha1.ReasonImportError)), summary(failed))
		Expect(failed.Status.LastFailure.ExitCode).To(HaveValue(BeEquivalentTo(3)))
	})

	It("ends an application that never listens when its time, counted from the assignment, is over", func(ctx SpecContext) {
		failed := eventuallyPhase(ctx, named(silentName), v1alpha1.PhaseFailed, startTimeout)
		Expect(failed.Status.LastFailure).NotTo(BeNil())
		Expect(failed.Status.LastFailure.Reason).To(Equal(v1alpha1.ReasonStartupTimeout), summary(failed))
		Expect(failed.Status.LastFailure.Message).To(ContainSubstring(fmt.Sprint(silentSeconds)))
		// Times in status have whole seconds.
		waited := failed.Status.LastFailure.At.Sub(failed.CreationTimestamp.Time)
		Expect(waited).To(BeNumerically(">=", silentSeconds*time.Second))
	})

	It("does not count the time that a pod waits for its node", func(ctx SpecContext) {
		Eventually(ctx, func(ctx context.Context) (time.Duration, error) {
			instance, err := named(lateName)(ctx)
			if err != nil {
				return 0, err
			}
			if instance.Status.Phase != v1alpha1.PhaseStarting {
				return 0, StopTrying("the instance does not wait: " + summary(instance))
			}
			return time.Since(instance.CreationTimestamp.Time), nil
		}).WithTimeout(startTimeout).WithPolling(poll).Should(BeNumerically(">", 2*shortSeconds*time.Second))
		labelNode(ctx, `"now"`)
		DeferCleanup(labelNode, "null")
		eventuallyPhase(ctx, named(lateName), v1alpha1.PhaseRunning, startTimeout)
	})

	It("stops what has run as long as it may, and keeps it", func(ctx SpecContext) {
		stopped := eventuallyPhase(ctx, named(oldName), v1alpha1.PhaseStopped, startTimeout)
		Expect(stopped.Status.Reason).To(Equal(v1alpha1.ReasonMaxUptime))
		Expect(stopped.Status.StoppedAt.Sub(stopped.Status.StartedAt.Time)).To(BeNumerically(">=", shortSeconds*time.Second))
		Expect(stopped.Status.LastFailure).To(BeNil())
		eventuallyNoPods(ctx, string(stopped.UID))
	})

	It("stops what nobody uses, and collects it", func(ctx SpecContext) {
		Eventually(ctx, func(ctx context.Context) (*v1alpha1.PreviewInstance, error) { return cluster.Instance(ctx, idleName) }).
			WithTimeout(startTimeout).WithPolling(poll).Should(BeNil())
		Expect(cluster.Kubectl(ctx, "events", "--for", "previewinstance/"+idleName)).To(ContainSubstring("SessionTimeout"))
	})

	It("tells that a runtime does not exist", func(ctx SpecContext) {
		instance := framework.InlineInstance(cluster.Namespace, unique("orphan"), unique("user"), minimal("orphan"))
		instance.Spec.RuntimeName = "e2e-" + runID
		Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		Eventually(ctx, reasonOf(instance.Name, v1alpha1.ConditionAccepted)).
			WithTimeout(10 * time.Second).WithPolling(poll).Should(Equal(v1alpha1.ReasonRuntimeNotFound))
	})
}

// lateRuntime is a PreviewRuntime whose pods wait for a node with nodeLabel.
func lateRuntime(ctx context.Context) *v1alpha1.PreviewRuntime {
	GinkgoHelper()
	standard := &v1alpha1.PreviewRuntime{}
	key := types.NamespacedName{Namespace: cluster.Namespace, Name: v1alpha1.DefaultRuntimeName}
	Expect(cluster.Client.Get(ctx, key, standard)).To(Succeed())
	late := &v1alpha1.PreviewRuntime{Spec: *standard.Spec.DeepCopy()}
	late.Namespace, late.Name = cluster.Namespace, unique("late")
	late.Spec.NodeSelector = map[string]string{nodeLabel: "now"}
	Expect(cluster.Client.Create(ctx, late)).To(Succeed())
	return late
}

// labelNode sets nodeLabel on every node to a JSON value, null to remove it.
func labelNode(ctx context.Context, value string) {
	GinkgoHelper()
	nodes := &corev1.NodeList{}
	Expect(cluster.Client.List(ctx, nodes)).To(Succeed())
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%s}}}`, nodeLabel, value)
	for i := range nodes.Items {
		Expect(cluster.Client.Patch(ctx, &nodes.Items[i], client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
	}
}
