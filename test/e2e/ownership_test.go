package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// ownershipSpecs try to run another user's generation around the gateway.
func ownershipSpecs() {
	var id string

	stolen := func(name string) *v1alpha1.PreviewInstance {
		instance := framework.InlineInstance(cluster.Namespace, unique(name), unique("thief"), nil)
		instance.Spec.GenerationID = id
		instance.Spec.Source = v1alpha1.Source{Generation: &v1alpha1.GenerationSource{}}
		return instance
	}
	BeforeEach(func(ctx SpecContext) {
		id = unique("owned")
		Expect(userClient(unique("owner")).PutGeneration(ctx, id, "p", minimal("owned"))).To(Succeed())
		DeferCleanup(deleteAll)
	})

	It("is refused by the admission policy, for people with every right on previews", func(ctx SpecContext) {
		for _, who := range []struct{ user, group string }{{"e2e-editor", "system:masters"}, {"kubernetes-admin", "system:masters"}} {
			client, err := cluster.As(who.user, who.group)
			Expect(err).NotTo(HaveOccurred())
			err = client.Create(ctx, stolen("policy"))
			Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%s: %v", who.user, err)
			Expect(err).To(MatchError(ContainSubstring("spec.source.generation")))
		}
		manifest := `{"apiVersion":"preview.codebegen.dev/v1alpha1","kind":"PreviewInstance","metadata":{"name":"` + unique("kubectl") + `"},
			"spec":{"generationID":"` + id + `","userID":"` + unique("thief") + `","source":{"generation":{}}}}`
		_, err := cluster.KubectlInput(ctx, manifest, "apply", "-f", "-")
		Expect(err).To(MatchError(ContainSubstring("spec.source.generation")))
	})

	It("is refused by the manager, for whom the policy trusts", func(ctx SpecContext) {
		trusted, err := cluster.AsServiceAccount(framework.GatewayAccount)
		Expect(err).NotTo(HaveOccurred())
		instance := stolen("manager")
		Expect(trusted.Create(ctx, instance)).To(Succeed())
		Eventually(ctx, reasonOf(instance.Name, v1alpha1.ConditionAccepted)).
			WithTimeout(15 * time.Second).WithPolling(poll).Should(Equal(v1alpha1.ReasonGenerationNotOwned))
		Expect(cluster.PodsOf(ctx, string(instance.UID))).To(BeEmpty())
	})

	It("cannot be prepared with the reserved labels", func(ctx SpecContext) {
		instance := framework.InlineInstance(cluster.Namespace, unique("labels"), unique("thief"), minimal("labels"))
		instance.Labels = map[string]string{v1alpha1.LabelUser: "somebody"}
		err := cluster.Client.Create(ctx, instance, client.DryRunAll)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("metadata.labels")))
	})
}
