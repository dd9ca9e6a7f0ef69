package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	tracingEndpoint = "PREVIEW_TRACING_ENDPOINT"
	// exportTimeout is how long a span may take to be sent: programs send what has gathered every 5 s.
	exportTimeout = 30 * time.Second

	launchSpan = "POST /api/v1/generations/:generation_id/preview/launch"
)

// tracingSpecs have the installation send its spans to a receiver of the suite's own.
func tracingSpecs() {
	var receiver *framework.Receiver

	BeforeAll(func(ctx SpecContext) {
		var err error
		receiver, err = cluster.StartReceiver(ctx)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(receiver.Close()).To(Succeed()) })
		setOperatorEnv(ctx, tracingEndpoint+"="+receiver.Endpoint)
		DeferCleanup(func(ctx SpecContext) {
			deleteAll(ctx)
			setOperatorEnv(ctx, tracingEndpoint+"-")
		})
	})

	It("follow one launch from the request through the resource to the stages in the pod", func(ctx SpecContext) {
		p := launchProject(ctx, "traced", minimal("traced"), 0)
		instance := p.eventuallyRunning(ctx)
		place := strings.Split(instance.Annotations[v1alpha1.AnnotationTraceparent], "-")
		Expect(place).To(HaveLen(4), "annotation %s", v1alpha1.AnnotationTraceparent)

		const gateway, manager = "preview-gateway ", "preview-manager "
		// What comes before the handover differs between warm and cold launches.
		Eventually(ctx, func() (map[string]string, error) { return tree(receiver, place[1]) }).
			WithTimeout(exportTimeout).WithPolling(poll).Should(And(
			HaveKeyWithValue(gateway+launchSpan, ""),
			HaveKeyWithValue(manager+"reconcile", gateway+launchSpan),
			HaveKeyWithValue(manager+"accept", manager+"reconcile"),
			HaveKeyWithValue(manager+"handover", gateway+launchSpan),
			HaveKeyWithValue(manager+"assign", manager+"handover"),
			HaveKeyWithValue(manager+"fork", manager+"assign"),
			HaveKeyWithValue(manager+"import", manager+"assign"),
			HaveKeyWithValue(manager+"listen", manager+"assign"),
		), "trace %s", place[1])
		spans, err := receiver.Spans()
		Expect(err).NotTo(HaveOccurred())
		Expect(spans).To(ContainElement(And(HaveField("Name", launchSpan), HaveField("Trace", place[1]), HaveField("ID", place[2]))))
	})
}

// tree says below which span each span of a trace is, by their names.
func tree(receiver *framework.Receiver, trace string) (map[string]string, error) {
	spans, err := receiver.Spans()
	if err != nil {
		return nil, err
	}
	spans = slices.DeleteFunc(spans, func(s framework.Span) bool { return s.Trace != trace })
	names := map[string]string{"": ""}
	for _, span := range spans {
		names[span.ID] = span.Service + " " + span.Name
	}
	below := map[string]string{}
	for _, span := range spans {
		parent, known := names[span.Parent]
		if !known {
			return nil, fmt.Errorf("the parent of %s was not sent", span.Name)
		}
		below[span.Service+" "+span.Name] = parent
	}
	return below, nil
}

// setOperatorEnv sets a variable of manager and gateway, or with a - at its end removes it again, and waits until the new
// pod is there and answers.
func setOperatorEnv(ctx context.Context, assignment string) {
	GinkgoHelper()
	for _, args := range [][]string{
		{"set", "env", "deployment/" + framework.Release, assignment},
		{"rollout", "status", "deployment/" + framework.Release, "--timeout=80s"},
	} {
		_, err := cluster.Kubectl(ctx, append([]string{"--namespace", framework.SystemNamespace}, args...)...)
		Expect(err).NotTo(HaveOccurred())
	}
	eventuallyReady(ctx, cluster.Gateway)
}
