package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// runID keeps apart what several runs leave in the store.
var runID = strings.ToLower(rand.Text()[:6])

// unique makes a name that no other run uses.
func unique(name string) string { return userPrefix + runID + "-" + name }

// example and testProject read projects; projects are part of the checkout, so that a failure ends the suite.
func example(name string) map[string]string { return project("../../examples/" + name) }

func testProject(name string) map[string]string { return project("testdata/" + name) }

func project(folder string) map[string]string {
	GinkgoHelper()
	files, err := framework.LoadProject(folder)
	Expect(err).NotTo(HaveOccurred())
	return files
}

// minimal is the smallest project, with a nonce of its own: nobody has seen its code before.
func minimal(nonce string) map[string]string {
	GinkgoHelper()
	files := maps.Clone(testProject("minimal"))
	files["nonce.txt"] = nonce + "\n"
	return files
}

// preview is one preview that was launched over HTTP.
type preview struct {
	*framework.UserClient
	id     string
	launch framework.Launch
}

func userClient(user string) *framework.UserClient {
	GinkgoHelper()
	client, err := cluster.Gateway.As(user)
	Expect(err).NotTo(HaveOccurred())
	return client
}

// storedProject stores a project of a new user, who has not launched it yet.
func storedProject(ctx context.Context, name string, files map[string]string) preview {
	GinkgoHelper()
	p := preview{UserClient: userClient(unique("user")), id: unique(name)}
	Expect(p.PutGeneration(ctx, p.id, "project-"+name, files)).To(Succeed())
	return p
}

// launchProject stores a project and launches it as its owner.
func launchProject(ctx context.Context, name string, files map[string]string, timeout int) preview {
	GinkgoHelper()
	p := storedProject(ctx, name, files)
	var err error
	p.launch, err = p.Launch(ctx, p.id, "project-"+name, timeout)
	Expect(err).NotTo(HaveOccurred())
	return p
}

// instance is the PreviewInstance of the preview.
func (p preview) instance(ctx context.Context) (*v1alpha1.PreviewInstance, error) {
	instances, err := cluster.Instances(ctx, userPrefix)
	if err != nil {
		return nil, err
	}
	for i := range instances {
		if instances[i].Spec.GenerationID == p.id {
			return &instances[i], nil
		}
	}
	return nil, fmt.Errorf("generation %s has no PreviewInstance", p.id)
}

// eventuallyRunning waits for the preview to run.
func (p preview) eventuallyRunning(ctx context.Context) *v1alpha1.PreviewInstance {
	GinkgoHelper()
	return eventuallyPhase(ctx, p.instance, v1alpha1.PhaseRunning, startTimeout)
}

// eventuallyFailed waits for the preview to fail.
func (p preview) eventuallyFailed(ctx context.Context) *v1alpha1.PreviewInstance {
	GinkgoHelper()
	return eventuallyPhase(ctx, p.instance, v1alpha1.PhaseFailed, startTimeout)
}

// get sends a GET request that the application has to answer with 200, and decodes the answer.
func (p preview) get(ctx context.Context, path string, query map[string]string, into any) {
	GinkgoHelper()
	reply, err := p.Request(ctx, p.id, p.launch.SessionToken, framework.Envelope{Method: http.MethodGet, Path: path, Query: query})
	Expect(err).NotTo(HaveOccurred())
	Expect(reply.StatusCode).To(Equal(http.StatusOK), reply.Body)
	Expect(reply.Decode(into)).To(Succeed())
}

// named reads a PreviewInstance by its name.
func named(name string) func(context.Context) (*v1alpha1.PreviewInstance, error) {
	return func(ctx context.Context) (*v1alpha1.PreviewInstance, error) {
		instance, err := cluster.Instance(ctx, name)
		if err == nil && instance == nil {
			err = fmt.Errorf("there is no PreviewInstance %s", name)
		}
		return instance, err
	}
}

// eventuallyPhase waits for a phase, and gives up at once when the instance has finished in another one.
func eventuallyPhase(
	ctx context.Context, read func(context.Context) (*v1alpha1.PreviewInstance, error), want v1alpha1.Phase, timeout time.Duration,
) *v1alpha1.PreviewInstance {
	GinkgoHelper()
	var instance *v1alpha1.PreviewInstance
	Eventually(ctx, func(ctx context.Context) (v1alpha1.Phase, error) {
		var err error
		if instance, err = read(ctx); err != nil {
			return "", err
		}
		phase := instance.Status.Phase
		if phase.Finished() && phase != want {
			return phase, StopTrying(fmt.Sprintf("%s finished: %s", instance.Name, summary(instance)))
		}
		return phase, nil
	}).WithTimeout(timeout).WithPolling(poll).Should(Equal(want))
	return instance
}

func summary(instance *v1alpha1.PreviewInstance) string {
	text := fmt.Sprintf("%s %s", instance.Status.Phase, instance.Status.Reason)
	if failure := instance.Status.LastFailure; failure != nil {
		text += fmt.Sprintf(", last failure %s: %s", failure.Reason, failure.Message)
	}
	for _, condition := range instance.Status.Conditions {
		text += fmt.Sprintf("\n  %s=%s %s: %s", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	return text
}

// condition returns the condition of a type.
func condition(instance *v1alpha1.PreviewInstance, name string) metav1.Condition {
	GinkgoHelper()
	for _, condition := range instance.Status.Conditions {
		if condition.Type == name {
			return condition
		}
	}
	Fail(fmt.Sprintf("%s has no condition %s: %s", instance.Name, name, summary(instance)))
	return metav1.Condition{}
}

// reasonOf reads the reason of a condition, nothing while the instance has no conditions yet.
func reasonOf(name, conditionType string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		instance, err := named(name)(ctx)
		if err != nil || len(instance.Status.Conditions) == 0 {
			return "", err
		}
		return condition(instance, conditionType).Reason, nil
	}
}

// onlyPod is the one pod of an instance.
func onlyPod(ctx context.Context, instance *v1alpha1.PreviewInstance) corev1.Pod {
	GinkgoHelper()
	pods, err := cluster.PodsOf(ctx, string(instance.UID))
	Expect(err).NotTo(HaveOccurred())
	Expect(pods).To(HaveLen(1))
	return pods[0]
}

// eventuallyNoPods waits until no pod is owned by the instance.
func eventuallyNoPods(ctx context.Context, uid string) {
	GinkgoHelper()
	Eventually(ctx, func(ctx context.Context) ([]corev1.Pod, error) { return cluster.PodsOf(ctx, uid) }).
		WithTimeout(goneTimeout).WithPolling(poll).Should(BeEmpty())
}

// eventuallyEnded waits until nothing runs of an instance that has failed, and checks that it holds no port. Its ended pod
// may stay, so that its log can be read, until the instance is collected.
func eventuallyEnded(ctx context.Context, instance *v1alpha1.PreviewInstance) {
	GinkgoHelper()
	Eventually(ctx, func(ctx context.Context) ([]corev1.PodPhase, error) {
		pods, err := cluster.PodsOf(ctx, string(instance.UID))
		var phases []corev1.PodPhase
		for _, pod := range pods {
			phases = append(phases, pod.Status.Phase)
		}
		return phases, err
	}).WithTimeout(goneTimeout).WithPolling(poll).Should(HaveEach(BeElementOf(corev1.PodFailed, corev1.PodSucceeded)))
	Eventually(ctx, named(instance.Name)).WithTimeout(10 * time.Second).WithPolling(poll).Should(And(
		HaveField("Status.Phase", v1alpha1.PhaseFailed), HaveField("Status.Port", BeZero()), HaveField("Status.PodIP", BeEmpty())))
}

// eventuallyNothingLeft waits until no instance of the suite is left, nor a pod whose instance is gone.
func eventuallyNothingLeft(ctx context.Context) {
	GinkgoHelper()
	Eventually(ctx, func(ctx context.Context) ([]string, error) {
		var left []string
		instances, err := cluster.Instances(ctx, "")
		if err != nil {
			return nil, err
		}
		owners := map[string]bool{}
		for _, instance := range instances {
			owners[string(instance.UID)] = true
			if strings.HasPrefix(instance.Spec.UserID, userPrefix) {
				left = append(left, "previewinstance/"+instance.Name)
			}
		}
		pods, err := cluster.PreviewPods(ctx)
		for _, pod := range pods {
			if owner := metav1.GetControllerOf(&pod); owner != nil && owner.Kind == "PreviewInstance" && !owners[string(owner.UID)] {
				left = append(left, "pod/"+pod.Name)
			}
		}
		return left, err
	}).WithTimeout(2 * goneTimeout).WithPolling(poll).Should(BeEmpty())
}

// deleteAll ends what the suite has started, without waiting for it.
func deleteAll(ctx context.Context) {
	GinkgoHelper()
	Expect(cluster.DeleteInstances(ctx, userPrefix)).To(Succeed())
}
