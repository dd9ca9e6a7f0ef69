package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const previewGroup = "preview.codebegen.dev"

// right is one question to the authorizer.
type right struct {
	user, namespace, verb, group, resource, subresource, name string
	allowed                                                   bool
}

// rightsSpecs check what the two identities may do, and that a wrong rule would be felt.
func rightsSpecs() {
	const previews, system, kubeSystem = "previews", framework.SystemNamespace, "kube-system"
	gateway, manager := framework.GatewayAccount, framework.ManagerAccount

	It("gives the gateway what it needs and nothing else", func(ctx SpecContext) {
		expectRights(ctx, []right{
			{gateway, previews, "create", previewGroup, "previewinstances", "", "", true},
			{gateway, previews, "patch", previewGroup, "previewinstances", "", "", true},
			{gateway, previews, "get", "", "pods", "log", "", false},
			{gateway, previews, "create", "", "pods", "", "", false},
			{gateway, previews, "delete", "", "pods", "", "", false},
			{gateway, previews, "patch", "", "pods", "", "", false},
			{gateway, previews, "create", "", "pods", "exec", "", false},
			{gateway, previews, "get", "", "pods", "exec", "", false},
			{gateway, previews, "create", "", "pods", "portforward", "", false},
			{gateway, previews, "get", "", "secrets", "", "", false},
			{gateway, previews, "list", "", "secrets", "", "", false},
			{gateway, system, "get", "", "secrets", "", framework.KeysSecretName, false},
			{gateway, system, "create", "", "serviceaccounts", "token", "preview-operator", false},
			{gateway, kubeSystem, "list", "", "secrets", "", "", false},
			{gateway, previews, "update", previewGroup, "previewinstances", "status", "", false},
			{gateway, previews, "patch", previewGroup, "previewinstances", "status", "", false},
			{gateway, previews, "create", previewGroup, "previewruntimes", "", "", false},
			{gateway, previews, "patch", previewGroup, "previewruntimes", "", "", false},
			{gateway, system, "create", previewGroup, "previewinstances", "", "", false},
			{gateway, "default", "create", previewGroup, "previewinstances", "", "", false},
			{gateway, previews, "delete", "networking.k8s.io", "networkpolicies", "", "", false},
			{gateway, previews, "create", "rbac.authorization.k8s.io", "rolebindings", "", "", false},
			{gateway, previews, "impersonate", "", "users", "", "", false},
		})
	})

	It("gives the manager no secrets, no other namespaces and no way to more rights", func(ctx SpecContext) {
		expectRights(ctx, []right{
			{manager, previews, "create", "", "pods", "", "", true},
			{manager, previews, "get", "", "pods", "log", "", true},
			{manager, previews, "create", "networking.k8s.io", "networkpolicies", "", "", true},
			{manager, system, "create", "", "serviceaccounts", "token", "preview-gateway", true},
			{manager, previews, "get", "", "secrets", "", "", false},
			{manager, previews, "list", "", "secrets", "", "", false},
			{manager, previews, "watch", "", "secrets", "", "", false},
			{manager, system, "get", "", "secrets", "", framework.KeysSecretName, false},
			{manager, kubeSystem, "list", "", "secrets", "", "", false},
			{manager, system, "create", "", "pods", "", "", false},
			{manager, kubeSystem, "create", "", "pods", "", "", false},
			{manager, previews, "create", "", "pods", "exec", "", false},
			{manager, system, "create", "", "serviceaccounts", "token", "preview-operator", false},
			{manager, kubeSystem, "create", "", "serviceaccounts", "token", "namespace-controller", false},
			{manager, previews, "create", "rbac.authorization.k8s.io", "rolebindings", "", "", false},
			{manager, previews, "escalate", "rbac.authorization.k8s.io", "roles", "", "", false},
			{manager, previews, "bind", "rbac.authorization.k8s.io", "roles", "", "", false},
			{manager, "", "patch", "apiextensions.k8s.io", "customresourcedefinitions", "", "", false},
			{manager, "", "delete", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", "", false},
			{manager, "", "get", "", "nodes", "proxy", "", false},
			{manager, kubeSystem, "update", "coordination.k8s.io", "leases", "", "", false},
			{manager, "", "impersonate", "", "users", "", "", false},
			{manager, previews, "*", "*", "*", "", "", false},
		})
	})

	It("is refused in deed, not only in word", func(ctx SpecContext) {
		asGateway, err := cluster.AsServiceAccount(gateway)
		Expect(err).NotTo(HaveOccurred())
		asManager, err := cluster.AsServiceAccount(manager)
		Expect(err).NotTo(HaveOccurred())
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: "e2e-rights"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "x", Image: "x"}}},
		}
		expectForbidden(asGateway.Create(ctx, pod.DeepCopy(), client.DryRunAll), "pods")
		expectForbidden(asGateway.List(ctx, &corev1.SecretList{}, client.InNamespace(cluster.Namespace)), "secrets")
		expectForbidden(asManager.List(ctx, &corev1.SecretList{}, client.InNamespace(cluster.Namespace)), "secrets")
		key := client.ObjectKey{Namespace: framework.SystemNamespace, Name: framework.KeysSecretName}
		expectForbidden(asManager.Get(ctx, key, &corev1.Secret{}), "secrets")
		expectForbidden(asGateway.Get(ctx, key, &corev1.Secret{}), "secrets")

		By("refusing the manager a pod that is no sandbox")
		expectForbidden(asManager.Create(ctx, pod.DeepCopy(), client.DryRunAll), "")
	})

	It("keeps the two identities apart in their one pod", func(ctx SpecContext) {
		pod, err := cluster.ManagerPod(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(pod.Spec.AutomountServiceAccountToken).To(HaveValue(BeFalse()))
		mounts := map[string][]string{}
		for _, container := range pod.Spec.Containers {
			for _, mount := range container.VolumeMounts {
				mounts[mount.Name] = append(mounts[mount.Name], container.Name)
			}
			Expect(container.SecurityContext).To(And(
				HaveField("ReadOnlyRootFilesystem", HaveValue(BeTrue())), HaveField("AllowPrivilegeEscalation", HaveValue(BeFalse())),
				HaveField("Capabilities.Drop", ConsistOf(corev1.Capability("ALL")))), container.Name)
		}
		for _, volume := range pod.Spec.Volumes {
			switch {
			case projectsToken(volume):
				Expect(mounts[volume.Name]).To(Equal([]string{"manager"}), "the manager's token, volume %s", volume.Name)
			case holdsKey(volume, framework.RunnerKeySecretKey):
				Expect(mounts[volume.Name]).To(Equal([]string{"manager"}), "the runners' key, volume %s", volume.Name)
			case holdsKey(volume, framework.JWTSecretKey):
				Expect(mounts[volume.Name]).To(Equal([]string{"gateway"}), "the gateway's keys, volume %s", volume.Name)
			}
		}
	})
}

func expectRights(ctx SpecContext, rights []right) {
	GinkgoHelper()
	for _, r := range rights {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:   r.user,
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + framework.SystemNamespace, "system:authenticated"},
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: r.namespace, Verb: r.verb, Group: r.group, Resource: r.resource, Subresource: r.subresource, Name: r.name,
			},
		}}
		Expect(cluster.Client.Create(ctx, review)).To(Succeed())
		Expect(review.Status.Allowed).To(Equal(r.allowed), "%+v: %s", r, review.Status.Reason)
	}
}

func expectForbidden(err error, resource string) {
	GinkgoHelper()
	Expect(err).To(HaveOccurred())
	Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	Expect(err).To(MatchError(ContainSubstring(resource)))
}

func projectsToken(volume corev1.Volume) bool {
	if volume.Projected == nil {
		return false
	}
	for _, source := range volume.Projected.Sources {
		if source.ServiceAccountToken != nil {
			return true
		}
	}
	return false
}

// holdsKey reports whether a volume shows a key of a Secret; one that names no keys shows all.
func holdsKey(volume corev1.Volume, key string) bool {
	if volume.Secret == nil {
		return false
	}
	for _, item := range volume.Secret.Items {
		if item.Key == key {
			return true
		}
	}
	return len(volume.Secret.Items) == 0
}
