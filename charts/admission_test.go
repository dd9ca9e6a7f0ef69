//go:build chart

package charts

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/podspec"
)

const (
	previewsNamespace = "previews"
	managerUser       = "system:serviceaccount:preview-system:preview-operator"
	gatewayUser       = "system:serviceaccount:preview-system:preview-gateway"
	deployerUser      = "system:serviceaccount:ci:deployer"

	// policyTimeout bounds the wait until the API server applies a policy that was just created.
	policyTimeout = 30 * time.Second
)

// cluster is an API server with the chart's namespace, rights and policies.
type cluster struct {
	config *rest.Config
	scheme *runtime.Scheme
	admin  client.Client
}

func startCluster(t *testing.T) cluster {
	t.Helper()
	environment := &envtest.Environment{CRDDirectoryPaths: []string{"../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	config, err := environment.Start()
	if err != nil {
		t.Fatalf("starting the API server: %v", err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Errorf("stopping the API server: %v", err)
		}
	})
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c := cluster{config: config, scheme: scheme}
	c.admin = c.as(t, "")
	c.install(t)
	return c
}

// as returns a client that acts as user, or as administrator when that is empty.
func (c cluster) as(t *testing.T, user string) client.Client {
	t.Helper()
	config := rest.CopyConfig(c.config)
	if user != "" {
		config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:serviceaccounts", "system:authenticated"}}
	}
	api, err := client.New(config, client.Options{Scheme: c.scheme})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// install creates the chart's objects, with the namespace of the previews open to any pod: what is refused here is
// refused by the chart's policies alone.
func (c cluster) install(t *testing.T) {
	t.Helper()
	wanted := map[string]bool{
		"Namespace": true, "ServiceAccount": true, "Role": true, "RoleBinding": true,
		"ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	}
	objects := []unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": systemNamespace},
	}}}
	for _, object := range render(t, "--set", "admission.generationSourceUsers={"+deployerUser+"}") {
		if object.GetKind() == "Namespace" {
			labels := object.GetLabels()
			if labels["pod-security.kubernetes.io/enforce"] != "restricted" {
				t.Errorf("namespace %s does not enforce the restricted Pod Security standard", object.GetName())
			}
			labels["pod-security.kubernetes.io/enforce"] = "privileged"
			object.SetLabels(labels)
		}
		if wanted[object.GetKind()] {
			objects = append(objects, object)
		}
	}
	for _, object := range objects {
		if err := c.admin.Create(t.Context(), &object); err != nil {
			t.Fatalf("creating %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// awaitRefusal waits until the API server applies the policy that refuses object.
func awaitRefusal(t *testing.T, api client.Client, object client.Object) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, policyTimeout, true, func(ctx context.Context) (bool, error) {
		last = api.Create(ctx, object.DeepCopyObject().(client.Object), client.DryRunAll)
		return last != nil && strings.Contains(last.Error(), "ValidatingAdmissionPolicy"), nil
	})
	if err != nil {
		t.Fatalf("the policy was not applied within %s: %v", policyTimeout, last)
	}
}

func checkRefusal(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want a refusal that names %s", err, want)
	}
}

func instance(change func(*v1alpha1.PreviewInstance)) *v1alpha1.PreviewInstance {
	i := &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "some", Namespace: previewsNamespace},
		Spec: v1alpha1.PreviewInstanceSpec{
			GenerationID: "g1", UserID: "somebody-else",
			Source: v1alpha1.Source{Inline: &v1alpha1.InlineSource{Files: []v1alpha1.SourceFile{{Path: "main.py", Content: "app = None"}}}},
		},
	}
	if change != nil {
		change(i)
	}
	return i
}

func ofGeneration(i *v1alpha1.PreviewInstance) {
	i.Spec.Source = v1alpha1.Source{Generation: &v1alpha1.GenerationSource{}}
}

func ofUser(i *v1alpha1.PreviewInstance) {
	i.Labels = map[string]string{v1alpha1.LabelUser: "somebody-else"}
}

func TestInstancePolicy(t *testing.T) {
	c := startCluster(t)
	awaitRefusal(t, c.admin, instance(ofGeneration))

	// The deployer is trusted by the policy; its rights are its own business.
	binding := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
		"metadata": map[string]any{"name": "deployer"},
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
		"subjects": []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": deployerUser}},
	}}
	if err := c.admin.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}

	for name, tc := range map[string]struct {
		user   string
		change func(*v1alpha1.PreviewInstance)
		want   string
	}{
		"an administrator, inline files":               {"", nil, ""},
		"an administrator, somebody's generation":      {"", ofGeneration, "spec.source.generation"},
		"an administrator, a reserved label":           {"", ofUser, "metadata.labels"},
		"the gateway, a generation and the user label": {gatewayUser, func(i *v1alpha1.PreviewInstance) { ofGeneration(i); ofUser(i) }, ""},
		"a named user, a generation":                   {deployerUser, ofGeneration, ""},
		"the manager, an instance":                     {managerUser, nil, "cannot create resource"},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, c.as(t, tc.user).Create(t.Context(), instance(tc.change), client.DryRunAll), tc.want)
		})
	}

	t.Run("what the gateway launched", func(t *testing.T) {
		launched := instance(func(i *v1alpha1.PreviewInstance) { ofGeneration(i); ofUser(i) })
		if err := c.as(t, gatewayUser).Create(t.Context(), launched); err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct{ user, patch, want string }{
			"an administrator stops it":                {"", `{"spec":{"desiredState":"Stopped"}}`, ""},
			"an administrator gives it to another":     {"", `{"metadata":{"labels":{"preview.codebegen.dev/user":"another"}}}`, "metadata.labels"},
			"the manager adds its finalizer":           {managerUser, `{"metadata":{"finalizers":["preview.codebegen.dev/pod"]}}`, ""},
			"the gateway writes the status":            {gatewayUser, `{"status":{"phase":"Running"}}`, ""},
			"an administrator changes the user's name": {"", `{"spec":{"userID":"another"}}`, "userID is immutable"},
		} {
			t.Run(name, func(t *testing.T) {
				err := c.as(t, tc.user).Patch(t.Context(), launched.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(tc.patch)), client.DryRunAll)
				checkRefusal(t, err, tc.want)
			})
		}
		err := c.as(t, gatewayUser).Status().Patch(t.Context(), launched.DeepCopy(),
			client.RawPatch(types.MergePatchType, []byte(`{"status":{"phase":"Running"}}`)), client.DryRunAll)
		checkRefusal(t, err, "cannot patch resource")
	})
}

// previewPod is the pod that the manager really creates, with what change makes of it.
func previewPod(runnerImage string, change func(*corev1.Pod)) *corev1.Pod {
	pod := podspec.Pod(podspec.PodInput{
		Instance:      &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{Name: "some", Namespace: previewsNamespace, UID: "1234"}},
		Runtime:       &v1alpha1.PreviewRuntime{Spec: v1alpha1.PreviewRuntimeSpec{Image: "python", RunnerImage: runnerImage}},
		Name:          "some-pod",
		Port:          3001,
		SecretHash:    strings.Repeat("0", 64),
		MemoryLimitMB: 128,
	})
	if change != nil {
		change(pod)
	}
	return pod
}

func addVolume(source corev1.VolumeSource) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "more", VolumeSource: source})
	}
}

func inContainer(change func(*corev1.Container)) func(*corev1.Pod) {
	return func(p *corev1.Pod) { change(&p.Spec.Containers[0]) }
}

func TestPodPolicy(t *testing.T) {
	c := startCluster(t)
	manager := c.as(t, managerUser)
	awaitRefusal(t, manager, previewPod("", func(p *corev1.Pod) { p.Spec.HostPID = true }))

	for name, tc := range map[string]struct {
		runnerImage string
		change      func(*corev1.Pod)
		want        string
	}{
		"what the manager creates":       {"", nil, ""},
		"with the runner copied in":      {"runner", nil, ""},
		"no label for the NetworkPolicy": {"", func(p *corev1.Pod) { delete(p.Labels, v1alpha1.LabelComponent) }, "metadata.labels[preview.codebegen.dev/component]"},
		"token by default":               {"", func(p *corev1.Pod) { p.Spec.AutomountServiceAccountToken = nil }, "spec.automountServiceAccountToken"},
		"a service account":              {"", func(p *corev1.Pod) { p.Spec.ServiceAccountName = "builder" }, "spec.serviceAccountName"},
		"the host's network":             {"", func(p *corev1.Pod) { p.Spec.HostNetwork = true; p.Spec.Containers[0].Ports = nil }, "spec.hostNetwork"},
		"the host's processes":           {"", func(p *corev1.Pod) { p.Spec.HostPID = true }, "spec.hostPID"},
		"the host's IPC":                 {"", func(p *corev1.Pod) { p.Spec.HostIPC = true }, "spec.hostIPC"},
		"a folder of the host":           {"", addVolume(corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}), "spec.volumes"},
		"a Secret":                       {"", addVolume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s"}}), "spec.volumes"},
		"a projected token":              {"", addVolume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "t"}}}}}), "spec.volumes"},
		"root allowed":                   {"", func(p *corev1.Pod) { p.Spec.SecurityContext.RunAsNonRoot = nil }, "spec.securityContext.runAsNonRoot"},
		"root allowed in a container":    {"", inContainer(func(c *corev1.Container) { c.SecurityContext.RunAsNonRoot = ptr.To(false) }), "spec.securityContext.runAsNonRoot"},
		"root in a container":            {"", inContainer(func(c *corev1.Container) { c.SecurityContext.RunAsUser = ptr.To(int64(0)) }), "spec.securityContext.runAsUser"},
		"no seccomp profile":             {"", func(p *corev1.Pod) { p.Spec.SecurityContext.SeccompProfile = nil }, "seccompProfile.type"},
		"no seccomp profile in a container": {"", inContainer(func(c *corev1.Container) {
			c.SecurityContext.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
		}), "seccompProfile.type"},
		"privileged": {"", inContainer(func(c *corev1.Container) {
			c.SecurityContext.Privileged, c.SecurityContext.AllowPrivilegeEscalation = ptr.To(true), nil
		}), "securityContext.privileged"},
		"privilege escalation": {"", inContainer(func(c *corev1.Container) { c.SecurityContext.AllowPrivilegeEscalation = nil }), "allowPrivilegeEscalation"},
		"writable root":        {"", inContainer(func(c *corev1.Container) { c.SecurityContext.ReadOnlyRootFilesystem = nil }), "readOnlyRootFilesystem"},
		"a capability":         {"", inContainer(func(c *corev1.Container) { c.SecurityContext.Capabilities.Add = []corev1.Capability{"NET_RAW"} }), "capabilities"},
		"default capabilities": {"", inContainer(func(c *corev1.Container) { c.SecurityContext.Capabilities = nil }), "capabilities"},
		"no security context":  {"", inContainer(func(c *corev1.Container) { c.SecurityContext = nil }), "spec.containers[*].securityContext"},
		"a port of the host":   {"", inContainer(func(c *corev1.Container) { c.Ports[0].HostPort = c.Ports[0].ContainerPort }), "hostPort"},
		"no memory limit":      {"", inContainer(func(c *corev1.Container) { c.Resources.Limits = nil }), "resources.limits.memory"},
		"privilege in an init container": {"runner", func(p *corev1.Pod) {
			p.Spec.InitContainers[0].SecurityContext.Privileged = ptr.To(true)
			p.Spec.InitContainers[0].SecurityContext.AllowPrivilegeEscalation = nil
		}, "securityContext.privileged"},
		"in the operator's own namespace": {"", func(p *corev1.Pod) { p.Namespace = systemNamespace }, "cannot create resource"},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, manager.Create(t.Context(), previewPod(tc.runnerImage, tc.change), client.DryRunAll), tc.want)
		})
	}

	t.Run("the gateway creates no pods", func(t *testing.T) {
		checkRefusal(t, c.as(t, gatewayUser).Create(t.Context(), previewPod("", nil), client.DryRunAll), "cannot create resource")
	})
	t.Run("others' pods are not its business", func(t *testing.T) {
		checkRefusal(t, c.admin.Create(t.Context(), previewPod("", func(p *corev1.Pod) { p.Spec.HostPID = true }), client.DryRunAll), "")
	})
}
