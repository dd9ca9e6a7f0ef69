package e2e

import (
	"fmt"
	"maps"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/corpus"
)

// objectSpecs put the corpus before the real API server, with nothing but its own validation between (incident 4).
func objectSpecs() {
	It("refuses bad objects with the field's name (incidents 1 and 4), and takes good ones", func(ctx SpecContext) {
		strict := client.WithFieldValidation(cluster.Client, "Strict")
		cases := slices.Concat(corpus.BadInstances(), corpus.GoodInstances(), corpus.BadRuntimes(), corpus.GoodRuntimes())
		Expect(len(cases)).To(BeNumerically(">", 200))
		fromLaunches := corpus.FromLaunches()
		Expect(len(fromLaunches)).To(BeNumerically(">", 70))
		cases = append(cases, fromLaunches...)
		for _, c := range cases {
			object, err := c.Object(cluster.Namespace, unique("corpus"))
			Expect(err).NotTo(HaveOccurred())
			expectVerdict(c, strict.Create(ctx, object, client.DryRunAll))
		}
		fmt.Printf("\ncorpus: %d objects, %d of them bad launches\n", len(cases), len(fromLaunches))
	})

	It("refuses bad changes", func(ctx SpecContext) {
		strict := client.WithFieldValidation(cluster.Client, "Strict")
		stored, err := corpus.Case{Kind: "PreviewInstance"}.Object(cluster.Namespace, unique("changes"))
		Expect(err).NotTo(HaveOccurred())
		Expect(strict.Create(ctx, stored)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(client.IgnoreNotFound(cluster.Client.Delete(ctx, stored))).To(Succeed()) })
		// Once it has settled the manager writes it no more, and no change meets a conflict.
		eventuallyPhase(ctx, named(stored.GetName()), v1alpha1.PhaseStopped, startTimeout)
		Expect(cluster.Client.Get(ctx, client.ObjectKeyFromObject(stored), stored)).To(Succeed())
		for _, c := range slices.Concat(corpus.BadChanges(), corpus.GoodChanges()) {
			changed, err := c.Change(stored)
			Expect(err).NotTo(HaveOccurred())
			expectVerdict(c, strict.Update(ctx, changed, client.DryRunAll))
		}
	})

	It("drops fields of pods that a careless client sends", func(ctx SpecContext) {
		careless := client.WithFieldValidation(cluster.Client, "Ignore")
		object, err := corpus.PodFields().Object(cluster.Namespace, unique("careless"))
		Expect(err).NotTo(HaveOccurred())
		Expect(careless.Create(ctx, object, client.DryRunAll)).To(Succeed())
		spec, _, err := unstructured.NestedMap(object.Object, "spec")
		Expect(err).NotTo(HaveOccurred())
		Expect(slices.Collect(maps.Keys(spec))).NotTo(ContainElement(BeElementOf(corpus.PodFieldNames())))
	})
}

func expectVerdict(c corpus.Case, err error) {
	GinkgoHelper()
	if len(c.Messages) == 0 {
		Expect(err).NotTo(HaveOccurred(), "%s %s was refused", c.Kind, c.Name)
		return
	}
	Expect(err).To(HaveOccurred(), "%s %s was accepted", c.Kind, c.Name)
	for _, message := range c.Messages {
		Expect(err.Error()).To(ContainSubstring(message), "%s %s", c.Kind, c.Name)
	}
}
