package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	samples    = "../../config/samples/"
	sampleName = "hello"
)

// kubectlSpecs tell the story of a Kubernetes user with the sample, using nothing but kubectl.
func kubectlSpecs() {
	var before []string

	kubectl := func(ctx context.Context, args ...string) string {
		GinkgoHelper()
		output, err := cluster.Kubectl(ctx, args...)
		Expect(err).NotTo(HaveOccurred())
		return output
	}
	BeforeAll(func(ctx SpecContext) {
		kubectl(ctx, "delete", "-f", samples, "--ignore-not-found", "--wait")
		before = namespaceObjects(ctx)
	})
	AfterAll(func(ctx SpecContext) {
		kubectl(ctx, "delete", "-f", samples, "--ignore-not-found", "--wait=false")
	})

	It("applies the samples and becomes ready", func(ctx SpecContext) {
		Expect(kubectl(ctx, "apply", "-f", samples)).To(ContainSubstring("previewinstance.preview.codebegen.dev/" + sampleName + " created"))
		kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=60s", "previewinstance/"+sampleName)
	})

	It("shows the columns a person wants", func(ctx SpecContext) {
		instance, err := named(sampleName)(ctx)
		Expect(err).NotTo(HaveOccurred())
		short := strings.Split(kubectl(ctx, "get", "pvi", sampleName), "\n")
		Expect(strings.Fields(short[0])).To(Equal([]string{"NAME", "PHASE", "PORT", "URL", "AGE"}))
		Expect(strings.Fields(short[1])[:4]).To(Equal([]string{sampleName, "Running", fmt.Sprint(instance.Status.Port), instance.Status.BaseURL}))
		wide := strings.Split(kubectl(ctx, "get", "pvi", sampleName, "-o", "wide"), "\n")
		Expect(strings.Fields(wide[0])).To(ContainElements("POD", "NODE", "MEMORY", "REASON"))
		Expect(strings.Fields(wide[1])).To(ContainElements(instance.Status.PodName, instance.Status.NodeName, "256"))
		Expect(kubectl(ctx, "get", "pvr")).To(And(ContainSubstring("python "), ContainSubstring("python-large")))
	})

	It("describes what happened, in events", func(ctx SpecContext) {
		Eventually(ctx, func(ctx context.Context) (string, error) { return cluster.Kubectl(ctx, "describe", "pvi", sampleName) }).
			WithTimeout(15 * time.Second).WithPolling(time.Second).Should(MatchRegexp(`(?s)Events:.*Normal.*Running`))
		events := strings.Split(kubectl(ctx, "describe", "pvi", sampleName), "Events:")[1]
		Expect(strings.Count(events, "Normal")).To(BeNumerically(">=", 3), events)
		Expect(events).NotTo(ContainSubstring("Warning"))
	})

	It("shows the application's log", func(ctx SpecContext) {
		pod := kubectl(ctx, "get", "pvi", sampleName, "-o", "jsonpath={.status.podName}")
		Expect(kubectl(ctx, "logs", pod)).To(And(ContainSubstring("hello is starting"), ContainSubstring("Application startup complete")))
	})

	It("answers requests", func(ctx SpecContext) {
		instance, err := named(sampleName)(ctx)
		Expect(err).NotTo(HaveOccurred())
		path := fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:%d/proxy/greetings/world", cluster.Namespace, instance.Status.PodName, instance.Status.Port)
		Expect(kubectl(ctx, "get", "--raw", path)).To(MatchJSON(`{"text":"Hello, world!"}`))
	})

	It("writes nothing while nothing happens", func(ctx SpecContext) {
		version := func(ctx context.Context) (string, error) {
			instance, err := named(sampleName)(ctx)
			if err != nil {
				return "", err
			}
			return instance.ResourceVersion, nil
		}
		settled, err := version(ctx)
		Expect(err).NotTo(HaveOccurred())
		Consistently(ctx, version).WithTimeout(4 * time.Second).WithPolling(500 * time.Millisecond).Should(Equal(settled))
	})

	It("explains every field", func(ctx SpecContext) {
		Expect(kubectl(ctx, "explain", "pvi.spec.source.inline.files")).To(And(ContainSubstring("128 KiB"), ContainSubstring("path")))
		Expect(kubectl(ctx, "explain", "previewruntime.spec.memoryRequestMB")).To(ContainSubstring("MiB"))
		// What kubectl explain prints is the description in this document.
		raw := kubectl(ctx, "get", "--raw", "/openapi/v3/apis/preview.codebegen.dev/v1alpha1")
		var document struct {
			Components struct{ Schemas map[string]schema }
		}
		Expect(json.Unmarshal([]byte(raw), &document)).To(Succeed())
		var silent []string
		seen := 0
		for name, schema := range document.Components.Schemas {
			if kind, found := strings.CutPrefix(name, "dev.codebegen.preview.v1alpha1."); found && !strings.HasSuffix(kind, "List") {
				silent = append(silent, schema.silent(kind, &seen)...)
			}
		}
		Expect(silent).To(BeEmpty(), "fields without a description")
		Expect(seen).To(BeNumerically(">", 60), "the document has too few fields to be ours")
	})

	It("stops and starts by desiredState", func(ctx SpecContext) {
		kubectl(ctx, "patch", "pvi", sampleName, "--type=merge", "-p", `{"spec":{"desiredState":"Stopped"}}`)
		kubectl(ctx, "wait", "--for=jsonpath={.status.phase}=Stopped", "--timeout=60s", "pvi/"+sampleName)
		instance, err := named(sampleName)(ctx)
		Expect(err).NotTo(HaveOccurred())
		eventuallyNoPods(ctx, string(instance.UID))
		kubectl(ctx, "patch", "pvi", sampleName, "--type=merge", "-p", `{"spec":{"desiredState":"Running"}}`)
		kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=60s", "pvi/"+sampleName)
	})

	// That the port is free again is seen by the capacity case, which needs every port.
	It("leaves nothing behind", func(ctx SpecContext) {
		instance, err := named(sampleName)(ctx)
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "delete", "-f", samples, "--timeout=60s")
		Expect(namespaceObjects(ctx)).To(Equal(before))
		eventuallyNoPods(ctx, string(instance.UID))
	})

	It("takes names longer than a label", func(ctx SpecContext) {
		name := unique(strings.Repeat("long.name-", 20) + "x")
		instance := framework.InlineInstance(cluster.Namespace, name, unique("user"), minimal("long"))
		instance.Spec.GenerationID = unique("long")
		Expect(cluster.Client.Create(ctx, instance)).To(Succeed())
		running := eventuallyPhase(ctx, named(name), v1alpha1.PhaseRunning, startTimeout)
		Expect(len(running.Status.PodName)).To(BeNumerically("<=", 63))
		Expect(regexp.MatchString(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`, running.Status.PodName)).To(BeTrue(), running.Status.PodName)
		deleteAll(ctx)
	})
}

// schema is as much of an OpenAPI schema as describes fields.
type schema struct {
	Description          string
	Properties           map[string]schema
	Items                *schema
	AdditionalProperties any
	AllOf                []any
}

// silent lists the fields below a schema that have no description, and counts all of them.
func (s schema) silent(path string, seen *int) []string {
	var fields []string
	for name, property := range s.Properties {
		below := path + "." + name
		*seen++
		if property.Description == "" && !strings.HasSuffix(below, ".metadata") {
			fields = append(fields, below)
		}
		fields = append(fields, property.silent(below, seen)...)
	}
	if s.Items != nil {
		fields = append(fields, s.Items.silent(path+"[]", seen)...)
	}
	return fields
}

// namespaceObjects lists the pods, Secrets, Services, ConfigMaps and claims of the previews' namespace, other than those
// of previews that the suite still has.
func namespaceObjects(ctx context.Context) []string {
	GinkgoHelper()
	mine, err := cluster.Instances(ctx, userPrefix)
	Expect(err).NotTo(HaveOccurred())
	owners := map[string]bool{}
	for _, instance := range mine {
		owners[string(instance.UID)] = true
	}
	var names []string
	add := func(kind string, object metav1.ObjectMeta) {
		if owner := metav1.GetControllerOf(&object); owner == nil || !owners[string(owner.UID)] {
			names = append(names, kind+"/"+object.Name)
		}
	}
	core, options := cluster.Kube.CoreV1(), metav1.ListOptions{}
	pods, err := core.Pods(cluster.Namespace).List(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	for _, item := range pods.Items {
		if item.DeletionTimestamp == nil {
			add("pod", item.ObjectMeta)
		}
	}
	secrets, err := core.Secrets(cluster.Namespace).List(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	for _, item := range secrets.Items {
		add("secret", item.ObjectMeta)
	}
	services, err := core.Services(cluster.Namespace).List(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	for _, item := range services.Items {
		add("service", item.ObjectMeta)
	}
	configMaps, err := core.ConfigMaps(cluster.Namespace).List(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	for _, item := range configMaps.Items {
		add("configmap", item.ObjectMeta)
	}
	claims, err := core.PersistentVolumeClaims(cluster.Namespace).List(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	for _, item := range claims.Items {
		add("claim", item.ObjectMeta)
	}
	return names
}
