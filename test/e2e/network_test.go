package e2e

import (
	"context"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// networkSpecs look at the one NetworkPolicy of the previews' namespace.
func networkSpecs() {
	It("is there before the pod it protects (incident 8)", func(ctx SpecContext) {
		policies := cluster.Kube.NetworkingV1().NetworkPolicies(cluster.Namespace)
		pods := cluster.Kube.CoreV1().Pods(cluster.Namespace)
		policyWatch, err := policies.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + v1alpha1.NetworkPolicyName})
		Expect(err).NotTo(HaveOccurred())
		defer policyWatch.Stop()
		podWatch, err := pods.Watch(ctx, metav1.ListOptions{LabelSelector: v1alpha1.LabelComponent + "=" + v1alpha1.ComponentPreview})
		Expect(err).NotTo(HaveOccurred())
		defer podWatch.Stop()

		// There is one already unless this is the first preview of the namespace.
		err = policies.Delete(ctx, v1alpha1.NetworkPolicyName, metav1.DeleteOptions{})
		Expect(client.IgnoreNotFound(err)).To(Succeed())
		instance := framework.InlineInstance(cluster.Namespace, unique("policy"), unique("user"), minimal("policy"))
		Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		DeferCleanup(deleteAll)

		deleted := int64(0)
		if err == nil {
			deleted = nextVersion(ctx, policyWatch, watch.Deleted, func(any) bool { return true })
		}
		created := nextVersion(ctx, policyWatch, watch.Added, func(any) bool { return true })
		pod := nextVersion(ctx, podWatch, watch.Added, func(object any) bool {
			owner := metav1.GetControllerOf(object.(*corev1.Pod))
			return owner != nil && owner.UID == instance.UID
		})
		Expect(created).To(BeNumerically(">", deleted))
		Expect(created).To(BeNumerically("<", pod), "the pod was created before its NetworkPolicy")
	})

	It("is the only one that selects previews (incident 9), and denies by default", func(ctx SpecContext) {
		list, err := cluster.Kube.NetworkingV1().NetworkPolicies(cluster.Namespace).List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		var selecting []networkingv1.NetworkPolicy
		for _, policy := range list.Items {
			selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
			Expect(err).NotTo(HaveOccurred())
			if selector.Matches(labels.Set{v1alpha1.LabelComponent: v1alpha1.ComponentPreview}) {
				selecting = append(selecting, policy)
			}
		}
		Expect(selecting).To(HaveLen(1))
		spec := selecting[0].Spec
		Expect(spec.PolicyTypes).To(ConsistOf(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress))

		By("letting in nobody but the operator's pods")
		Expect(spec.Ingress).To(HaveLen(1))
		Expect(spec.Ingress[0].From).To(HaveLen(1))
		from := spec.Ingress[0].From[0]
		Expect(from.NamespaceSelector.MatchLabels).To(HaveKeyWithValue("kubernetes.io/metadata.name", framework.SystemNamespace))
		operator, err := cluster.ManagerPod(ctx)
		Expect(err).NotTo(HaveOccurred())
		for name, value := range from.PodSelector.MatchLabels {
			Expect(operator.Labels).To(HaveKeyWithValue(name, value), "the policy does not let the operator in")
		}

		By("keeping out of private, link-local and metadata addresses in both families (incident 7)")
		var blocks []networkingv1.IPBlock
		for _, rule := range spec.Egress {
			for _, to := range rule.To {
				if to.IPBlock != nil {
					blocks = append(blocks, *to.IPBlock)
				} else {
					Expect(rule.Ports).NotTo(BeEmpty(), "only DNS is open inside the cluster")
					Expect(rule.Ports).To(HaveEach(HaveField("Port.IntVal", BeEquivalentTo(53))))
				}
			}
		}
		Expect(blocks).To(ConsistOf(
			And(HaveField("CIDR", "0.0.0.0/0"), HaveField("Except", ContainElements(
				"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8"))),
			And(HaveField("CIDR", "::/0"), HaveField("Except", ContainElements("fc00::/7", "fe80::/10")))))
	})
}

// nextVersion is the resourceVersion of the next watched event of a type. Versions of one cluster's etcd are ordered.
func nextVersion(ctx context.Context, from watch.Interface, want watch.EventType, accept func(any) bool) int64 {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			Fail("no " + string(want) + " event was seen")
		case event, open := <-from.ResultChan():
			Expect(open).To(BeTrue(), "the watch ended")
			if event.Type != want || !accept(event.Object) {
				continue
			}
			version, err := strconv.ParseInt(event.Object.(metav1.Object).GetResourceVersion(), 10, 64)
			Expect(err).NotTo(HaveOccurred())
			return version
		}
	}
}
