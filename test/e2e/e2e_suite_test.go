// Package e2e is the suite against a real cluster with a real installation. It needs the configuration of
// framework.ConfigFromEnv and fails, rather than skips, without a cluster.
package e2e

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/format"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	// userPrefix marks everything that the suite creates: what others run in the cluster is left alone.
	userPrefix = "e2e-"

	poll = 100 * time.Millisecond
	// startTimeout is how long one preview may take to run, pod included, on a busy machine.
	startTimeout = 2 * time.Minute
	// goneTimeout is how long a deleted preview may take to disappear, its pod's grace period included.
	goneTimeout = 60 * time.Second
)

var cluster *framework.Cluster

func TestE2E(t *testing.T) {
	RegisterFailHandler(Fail)
	format.MaxLength = 8000
	RunSpecs(t, "Preview Operator on a real cluster")
}

// The order is chosen: what is quick and explains later failures comes first, the cases that need the whole
// installation for themselves come last.
var _ = Describe("An installation", func() {
	Describe("rights", rightsSpecs)
	Describe("objects", objectSpecs)
	Describe("launch over HTTP", Ordered, ContinueOnFailure, launchSpecs)
	Describe("contract", Ordered, ContinueOnFailure, contractSpecs)
	Describe("documentation", Ordered, documentationSpecs)
	Describe("endpoints", Ordered, ContinueOnFailure, endpointSpecs)
	Describe("launch with kubectl", Ordered, kubectlSpecs)
	Describe("runtimes", runtimeSpecs)
	Describe("warm pods", warmSpecs)
	Describe("failures", Ordered, ContinueOnFailure, failureSpecs)
	Describe("sandbox", Ordered, ContinueOnFailure, sandboxSpecs)
	Describe("ownership", ownershipSpecs)
	Describe("network policy", Ordered, networkSpecs)
	Describe("metrics", Ordered, ContinueOnFailure, metricsSpecs)
	Describe("traces", Ordered, tracingSpecs)
	Describe("stories", Ordered, ContinueOnFailure, storySpecs)
	Describe("logs", logSpecs)
	Describe("lost logs", lostSpecs)
	Describe("operations", operationsSpecs)
	Describe("crash of the manager", crashSpecs)
	Describe("PostgreSQL", Ordered, postgresSpecs)
	Describe("capacity", Ordered, capacitySpecs)
})

var _ = BeforeSuite(func(ctx SpecContext) {
	config, err := framework.ConfigFromEnv()
	Expect(err).NotTo(HaveOccurred())
	Eventually(ctx, func() (err error) {
		cluster, err = framework.Connect(ctx, config)
		return err
	}).WithTimeout(30 * time.Second).WithPolling(time.Second).Should(Succeed())
	Expect(cluster.Gateway.Hold(ctx)).To(Succeed())
	Expect(cluster.DeleteInstances(ctx, userPrefix)).To(Succeed())
	eventuallyNothingLeft(ctx)
})

var _ = AfterSuite(func(ctx SpecContext) {
	if cluster != nil {
		Expect(cluster.DeleteInstances(ctx, userPrefix)).To(Succeed())
		eventuallyNothingLeft(ctx)
	}
})

var _ = JustAfterEach(func(ctx SpecContext) {
	if cluster != nil && CurrentSpecReport().Failed() {
		AddReportEntry("diagnosis", cluster.Diagnose(ctx, userPrefix))
	}
})

var _ = ReportAfterSuite("closing line", func(report Report) {
	cases := report.SpecReports.WithLeafNodeType(types.NodeTypeIt)
	passed := cases.CountWithState(types.SpecStatePassed)
	// A suite that could not be set up has run no case: it has failed all the same.
	failed := report.SpecReports.CountWithState(types.SpecStateFailureStates)
	fmt.Printf("\ne2e: %d passed, %d failed\n", passed, failed)
})
