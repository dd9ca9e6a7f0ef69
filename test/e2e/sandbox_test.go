package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// previewUser is the user and group that preview pods run as.
const previewUser = 10001

// sandboxSpecs look around from inside a preview, as hostile code would.
func sandboxSpecs() {
	var probe, neighbour preview
	var pod, other corev1.Pod

	BeforeAll(func(ctx SpecContext) {
		probe = launchProject(ctx, "probe", testProject("probe"), 0)
		neighbour = launchProject(ctx, "neighbour", minimal("neighbour"), 0)
		pod = onlyPod(ctx, probe.eventuallyRunning(ctx))
		other = onlyPod(ctx, neighbour.eventuallyRunning(ctx))
	})
	AfterAll(deleteAll)

	It("runs as nobody in particular, without privileges", func(ctx SpecContext) {
		var identity struct {
			UID, EUID, GID int
			Groups         []int
			Capabilities   map[string]string
			NoNewPrivs     string `json:"no_new_privs"`
			Seccomp        string
		}
		probe.get(ctx, "/identity", nil, &identity)
		Expect([]int{identity.UID, identity.EUID, identity.GID}).To(HaveEach(previewUser))
		Expect(identity.Groups).To(HaveEach(previewUser))
		Expect(identity.Capabilities).To(And(HaveLen(5), HaveEach("0000000000000000")))
		Expect(identity.NoNewPrivs).To(Equal("1"))
		Expect(identity.Seccomp).To(Equal("2"), "2 is filter mode")
	})

	It("holds no token and writes to its own folders only", func(ctx SpecContext) {
		var files struct {
			Writable    []string
			RootOptions []string `json:"root_options"`
			Secrets     bool
			CWD         string
			Sysctl      bool
			Cgroup      bool
			HostDevices []string `json:"host_devices"`
		}
		probe.get(ctx, "/filesystem", nil, &files)
		Expect(files.Secrets).To(BeFalse(), "/var/run/secrets exists")
		// /dev/shm and /dev/mqueue are every container's own, and backed by its memory.
		Expect(files.Writable).To(And(
			ContainElements(runnerapi.WorkspaceDir, runnerapi.TempDir),
			HaveEach(BeElementOf(runnerapi.WorkspaceDir, runnerapi.TempDir, "/dev/shm", "/dev/mqueue"))))
		Expect(files.CWD).To(HavePrefix(runnerapi.WorkspaceDir))
		Expect(files.RootOptions).To(And(HaveLen(1), ContainElement(MatchRegexp(`(^|,)ro(,|$)`))))
		Expect(files.Sysctl).To(BeFalse())
		Expect(files.Cgroup).To(BeFalse())
		Expect(files.HostDevices).To(BeEmpty())
	})

	It("finds no secret of ours in any environment or command line", func(ctx SpecContext) {
		var seen struct {
			Environ   map[string]string
			Processes map[string]struct{ Cmdline, Environ string }
		}
		reply, err := probe.Get(ctx, probe.id, probe.launch.SessionToken, "/environment")
		Expect(err).NotTo(HaveOccurred())
		Expect(reply.Decode(&seen)).To(Succeed())
		Expect(seen.Environ).To(HaveKeyWithValue("PYTHONUNBUFFERED", "1"))
		// The kubelet always sets the API server's address, and no other Service's where links are off.
		Expect(seen.Environ).NotTo(HaveKey(And(HaveSuffix("_SERVICE_HOST"), Not(HavePrefix("KUBERNETES_")))))
		Expect(seen.Environ).NotTo(HaveKey(HavePrefix("PREVIEW_")))
		Expect(seen.Processes).To(HaveKey("1"))
		Expect(len(seen.Processes)).To(BeNumerically("<=", 5), "the pod shows processes other than its own")

		for _, name := range []string{framework.JWTSecretKey, framework.RunnerKeySecretKey, framework.SessionKeySecretKey} {
			key, err := cluster.Key(ctx, name)
			Expect(err).NotTo(HaveOccurred())
			Expect(reply.Body).NotTo(ContainSubstring(string(key)), name)
		}
		Expect(reply.Body).NotTo(ContainSubstring(string(runnerSecret(ctx, pod.Name))))
		Expect(reply.Body).NotTo(ContainSubstring(probe.Bearer))
	})

	It("gets nothing from the API server, the kubelet or the metadata service", func(ctx SpecContext) {
		service, err := cluster.Kube.CoreV1().Services("default").Get(ctx, "kubernetes", metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())
		targets := []struct{ host, port, path string }{
			{service.Spec.ClusterIP, "443", "/api/v1/namespaces/" + cluster.Namespace + "/secrets"},
			{service.Spec.ClusterIP, "443", "/apis/preview.codebegen.dev/v1alpha1/previewinstances"},
			{pod.Status.HostIP, "10250", "/pods"},
		}
		for _, target := range targets {
			var answer struct {
				Status int
				Body   string
			}
			probe.get(ctx, "/https", map[string]string{"host": target.host, "port": target.port, "path": target.path}, &answer)
			// 0: no connection, where NetworkPolicies are enforced.
			Expect(answer.Status).To(BeElementOf(0, http.StatusUnauthorized, http.StatusForbidden), "%s: %s", target.path, answer.Body)
		}
		var metadata struct{ Connected bool }
		probe.get(ctx, "/connect", map[string]string{"host": "169.254.169.254", "port": "80"}, &metadata)
		Expect(metadata.Connected).To(BeFalse())
	})

	It("cannot push code to another runner (incident 3)", func(ctx SpecContext) {
		own := runnerSecret(ctx, pod.Name)
		assignment := `{"id":"stolen","port":3001,"startupTimeoutSeconds":10,"limits":{}}`
		boundary := "--x\r\nContent-Disposition: form-data; name=\"assignment\"\r\nContent-Type: application/json\r\n\r\n" + assignment + "\r\n--x--\r\n"
		attempts := map[string]map[string]string{
			"without a secret":            {"path": runnerapi.PathAssignment},
			"with a wrong secret":         {"path": runnerapi.PathAssignment, "bearer": strings.Repeat("0", 64)},
			"with the hash of the secret": {"path": runnerapi.PathAssignment, "bearer": runnerSecret(ctx, other.Name).Hash()},
			"with the secret of its own":  {"path": runnerapi.PathAssignment, "bearer": string(own)},
			"state without a secret":      {"path": runnerapi.PathState, "method": http.MethodGet},
			"state with another's secret": {"path": runnerapi.PathState, "method": http.MethodGet, "bearer": string(own)},
		}
		for name, query := range attempts {
			query["host"], query["port"] = other.Status.PodIP, strconv.Itoa(runnerapi.ControlPort)
			query["content_type"], query["body"] = "multipart/form-data; boundary=x", boundary
			reply, err := probe.Request(ctx, probe.id, probe.launch.SessionToken, framework.Envelope{Method: http.MethodPost, Path: "/push", Query: query})
			Expect(err).NotTo(HaveOccurred(), name)
			var answer struct {
				Status int
				Body   string
			}
			Expect(reply.Decode(&answer)).To(Succeed(), name)
			Expect(answer.Status).To(BeElementOf(0, http.StatusUnauthorized), "%s: %s", name, answer.Body)
			Expect(answer.Body).NotTo(ContainSubstring("entrypoint"), name)
		}
		neighbour.get(ctx, "/", nil, &map[string]any{})
		By("being sure that the runner is there, and takes its own secret")
		Expect(runnerState(ctx, other, runnerSecret(ctx, other.Name))).To(BeElementOf(0, http.StatusOK))
	})

	It("leaves no secret in logs, status or events (incident 22)", func(ctx SpecContext) {
		canaries := map[string]string{
			"bearer token": probe.Bearer, "session token": probe.launch.SessionToken, "runner secret": string(runnerSecret(ctx, pod.Name)),
		}
		for _, name := range []string{framework.JWTSecretKey, framework.RunnerKeySecretKey, framework.SessionKeySecretKey} {
			key, err := cluster.Key(ctx, name)
			Expect(err).NotTo(HaveOccurred())
			canaries[name] = string(key)
		}
		var texts []string
		for _, arguments := range [][]string{
			{"logs", "deployment/" + framework.Release, "-n", framework.SystemNamespace, "-c", "manager"},
			{"logs", "deployment/" + framework.Release, "-n", framework.SystemNamespace, "-c", "gateway"},
			{"get", "pvi,pods,services,configmaps", "-o", "yaml"},
			{"get", "events", "-o", "yaml"},
		} {
			text, err := cluster.Kubectl(ctx, arguments...)
			Expect(err).NotTo(HaveOccurred())
			Expect(text).NotTo(BeEmpty())
			texts = append(texts, text)
		}
		for name, canary := range canaries {
			Expect(len(canary)).To(BeNumerically(">=", 32), name)
			for _, text := range texts {
				Expect(strings.Contains(text, canary)).To(BeFalse(), "the %s is in %.60q…", name, text)
			}
		}
	})

	It("cannot start processes without end", func(ctx SpecContext) {
		var threads struct {
			Started int
			Limited bool
		}
		probe.get(ctx, "/threads", nil, &threads)
		Expect(threads.Limited).To(BeTrue(), "%d threads were started", threads.Started)
		Expect(threads.Started).To(BeNumerically(">=", 16), "an application needs a thread pool")
		probe.get(ctx, "/identity", nil, &map[string]any{})
	})

	It("has a pod that passes the checklist", func(ctx SpecContext) {
		expectRestricted(pod)
		namespace, err := cluster.Kube.CoreV1().Namespaces().Get(ctx, cluster.Namespace, metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(namespace.Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))

		By("refusing, in its namespace, whatever is not restricted")
		privileged := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: "e2e-privileged"},
			Spec: corev1.PodSpec{HostPID: true, Containers: []corev1.Container{{
				Name: "x", Image: "x", SecurityContext: &corev1.SecurityContext{Privileged: ptr.To(true)},
			}}},
		}
		err = cluster.Client.Create(ctx, privileged, client.DryRunAll)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("PodSecurity")))
	})
}

// runnerSecret derives, from the installation's key, the secret of a runner.
func runnerSecret(ctx context.Context, podName string) runnerapi.Secret {
	GinkgoHelper()
	key, err := cluster.Key(ctx, framework.RunnerKeySecretKey)
	Expect(err).NotTo(HaveOccurred())
	secret, err := runnerapi.DeriveSecret(key, cluster.Namespace, podName)
	Expect(err).NotTo(HaveOccurred())
	return secret
}

// runnerState asks a runner for its state from the machine of the suite, which may have no way to pods: then it is 0.
func runnerState(ctx context.Context, pod corev1.Pod, secret runnerapi.Secret) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	target := url.URL{Scheme: "http", Host: fmt.Sprintf("%s:%d", pod.Status.PodIP, runnerapi.ControlPort), Path: runnerapi.PathState}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+string(secret))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

// expectRestricted is the checklist of shared/incidents.md on a pod.
func expectRestricted(pod corev1.Pod) {
	GinkgoHelper()
	spec := pod.Spec
	Expect(spec.AutomountServiceAccountToken).To(HaveValue(BeFalse()))
	Expect(spec.ServiceAccountName).To(BeElementOf("", "default"))
	Expect(spec.EnableServiceLinks).To(HaveValue(BeFalse()))
	Expect([]bool{spec.HostNetwork, spec.HostPID, spec.HostIPC}).To(HaveEach(BeFalse()))
	Expect(spec.SecurityContext).To(And(
		HaveField("RunAsNonRoot", HaveValue(BeTrue())), HaveField("RunAsUser", HaveValue(BeEquivalentTo(previewUser))),
		HaveField("SeccompProfile.Type", corev1.SeccompProfileTypeRuntimeDefault), HaveField("Sysctls", BeEmpty())))
	Expect(spec.RestartPolicy).To(Equal(corev1.RestartPolicyNever))
	Expect(spec.Volumes).To(HaveEach(And(
		HaveField("EmptyDir", Not(BeNil())), HaveField("EmptyDir.Medium", corev1.StorageMediumMemory), HaveField("EmptyDir.SizeLimit", Not(BeNil())))))
	containers := append(spec.InitContainers, spec.Containers...)
	Expect(spec.Containers).To(HaveLen(1))
	for _, container := range containers {
		Expect(container.SecurityContext).To(And(
			HaveField("AllowPrivilegeEscalation", HaveValue(BeFalse())), HaveField("ReadOnlyRootFilesystem", HaveValue(BeTrue())),
			HaveField("Capabilities.Drop", ConsistOf(corev1.Capability("ALL"))), HaveField("Capabilities.Add", BeEmpty()),
			HaveField("Privileged", Or(BeNil(), HaveValue(BeFalse())))))
		Expect(container.Resources.Limits).To(And(HaveKey(corev1.ResourceMemory), HaveKey(corev1.ResourceCPU), HaveKey(corev1.ResourceEphemeralStorage)))
		Expect(container.VolumeMounts).To(HaveEach(HaveField("SubPath", BeEmpty())))
		for _, port := range container.Ports {
			Expect(port.HostPort).To(BeZero())
		}
	}
	for _, variable := range spec.Containers[0].Env {
		Expect(variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil).To(BeTrue(), variable.Name)
	}
	Expect(pod.Labels).To(And(
		HaveKeyWithValue(v1alpha1.LabelComponent, v1alpha1.ComponentPreview),
		HaveKeyWithValue(v1alpha1.LabelInstanceUID, string(metav1.GetControllerOf(&pod).UID))))
	for label := range pod.Labels {
		Expect(label).To(HavePrefix("preview.codebegen.dev/"), "a preview pod carries nobody else's labels")
	}
}
