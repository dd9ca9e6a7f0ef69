//go:build chart

// Package charts tests the Helm chart: what it renders, and its admission policies on a real API server. It needs helm
// in HELM and envtest's binaries in KUBEBUILDER_ASSETS; `make chart` provides both.
package charts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/codebegen/preview-operator/internal/settings"
)

const (
	release         = "preview-operator"
	systemNamespace = "preview-system"
)

// render returns the objects of the chart with these further arguments of helm template.
func render(t *testing.T, args ...string) []unstructured.Unstructured {
	t.Helper()
	cmd := exec.Command(os.Getenv("HELM"), append([]string{"template", release, "preview-operator", "--namespace", systemNamespace}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("helm template %v: %v\n%s", args, err, stderr.String())
	}
	var objects []unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(out), 4096)
	for {
		var object unstructured.Unstructured
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("decoding what helm template %v rendered: %v", args, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// typed converts the rendered objects of a kind.
func typed[T any](t *testing.T, objects []unstructured.Unstructured, kind string) []T {
	t.Helper()
	var found []T
	for _, object := range objects {
		if object.GetKind() != kind {
			continue
		}
		var converted T
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &converted, true); err != nil {
			t.Fatalf("%s %s: %v", kind, object.GetName(), err)
		}
		found = append(found, converted)
	}
	if len(found) == 0 {
		t.Fatalf("the chart rendered no %s", kind)
	}
	return found
}

func operatorPod(t *testing.T, objects []unstructured.Unstructured) corev1.PodSpec {
	t.Helper()
	return typed[appsv1.Deployment](t, objects, "Deployment")[0].Spec.Template.Spec
}

func container(t *testing.T, pod corev1.PodSpec, name string) corev1.Container {
	t.Helper()
	i := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("the operator's pod has no container %s", name)
	}
	return pod.Containers[i]
}

// environment is what both containers share and what each has besides.
func environment(t *testing.T, objects []unstructured.Unstructured) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, config := range typed[corev1.ConfigMap](t, objects, "ConfigMap") {
		for name, value := range config.Data {
			env[name] = value
		}
	}
	for _, name := range []string{"manager", "gateway"} {
		for _, variable := range container(t, operatorPod(t, objects), name).Env {
			env[variable.Name] = variable.Value
		}
	}
	return env
}

func TestEverySettingCanBeSet(t *testing.T) {
	env := environment(t, render(t, "--set", "settings.egressBlockedCIDRs={10.0.0.0/8}"))
	known := map[string]bool{}
	for _, definition := range settings.Definitions() {
		known[definition.Name] = true
		if _, ok := env[definition.Name]; !ok {
			t.Errorf("the chart does not set %s", definition.Name)
		}
	}
	for name := range env {
		if !known[name] {
			t.Errorf("the chart sets %s, which is no setting", name)
		}
	}
}

func TestValuesDefaultToTheSettingsDefaults(t *testing.T) {
	env := environment(t, render(t))
	got, err := settings.Load(func(name string) (string, bool) { value, ok := env[name]; return value, ok })
	if err != nil {
		t.Fatalf("the settings that the chart renders are refused: %v", err)
	}
	want, err := settings.Load(func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	want.KubeCAFile = "/var/run/preview/ca/ca.crt"
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b fmt.Stringer) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("settings (-default +chart):\n%s", diff)
	}
}

// Live settings are mounted, where a change reaches the running pod, and a change of theirs does not replace it.
func TestLiveSettingsAreMounted(t *testing.T) {
	objects := render(t)
	for _, config := range typed[corev1.ConfigMap](t, objects, "ConfigMap") {
		mounted := strings.HasSuffix(config.Name, "-live-settings")
		for _, definition := range settings.Definitions() {
			if _, ok := config.Data[definition.Name]; ok && definition.Live != mounted {
				t.Errorf("%s, live %v, is in ConfigMap %s", definition.Name, definition.Live, config.Name)
			}
		}
	}
	template := func(args ...string) corev1.PodTemplateSpec {
		return typed[appsv1.Deployment](t, render(t, args...), "Deployment")[0].Spec.Template
	}
	if diff := cmp.Diff(template(), template("--set", "settings.enabled=false,settings.maxUptime=1801")); diff != "" {
		t.Errorf("a change of live settings replaces the pod:\n%s", diff)
	}
	if cmp.Equal(template(), template("--set", "settings.portMax=3050")) {
		t.Error("a change of settings that need a restart does not replace the pod")
	}
}

func TestSchemaHasTheBoundsOfSettings(t *testing.T) {
	var schema struct {
		Properties struct {
			Settings struct {
				Properties map[string]struct{ Minimum, Maximum *int64 }
			}
		}
	}
	raw, err := os.ReadFile("preview-operator/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	numbers := 0
	for _, definition := range settings.Definitions() {
		var lowest, highest int64
		if n, _ := fmt.Sscanf(definition.Bounds, "%d to %d", &lowest, &highest); n != 2 || strings.HasSuffix(definition.Bounds, "characters") {
			continue
		}
		numbers++
		bounds, ok := schema.Properties.Settings.Properties[valueName(definition.Name)]
		if !ok || bounds.Minimum == nil || bounds.Maximum == nil {
			t.Errorf("values.schema.json does not bound settings.%s", valueName(definition.Name))
			continue
		}
		if *bounds.Minimum != lowest || *bounds.Maximum != highest {
			t.Errorf("settings.%s: values.schema.json allows %d to %d, %s %s", valueName(definition.Name),
				*bounds.Minimum, *bounds.Maximum, definition.Name, definition.Bounds)
		}
	}
	if numbers == 0 {
		t.Error("no setting with numeric bounds was found")
	}
}

// valueName turns PREVIEW_MEMORY_LIMIT_MB into memoryLimitMB.
func valueName(variable string) string {
	words := strings.Split(strings.TrimPrefix(variable, "PREVIEW_"), "_")
	for i, word := range words {
		switch {
		case i == 0:
			words[i] = strings.ToLower(word)
		case word != "TTL" && word != "MB" && word != "KB":
			words[i] = word[:1] + strings.ToLower(word[1:])
		}
	}
	return strings.Join(words, "")
}

func TestRightsAreNoWiderThanNeeded(t *testing.T) {
	for name, args := range map[string][]string{
		"one namespace":  nil,
		"two namespaces": {"--set", "previews.additionalNamespaces={more}"},
		"all namespaces": {"--set", "previews.watchAllNamespaces=true"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := render(t, append(args, "--set", "rbac.aggregateToDefaultRoles=false")...)
			var clusterWide []string
			for _, object := range objects {
				if object.GetKind() == "ClusterRoleBinding" {
					clusterWide = append(clusterWide, object.GetName())
				}
			}
			// The nodes belong to no namespace; their role has nothing else.
			want := []string{"preview-operator-manager-nodes"}
			if name == "all namespaces" {
				want = append(want, "preview-operator-manager")
			}
			slices.Sort(want)
			slices.Sort(clusterWide)
			if diff := cmp.Diff(want, clusterWide); diff != "" {
				t.Errorf("cluster-wide rights (-want +got):\n%s", diff)
			}
			for _, object := range objects {
				if object.GetKind() != "Role" && object.GetKind() != "ClusterRole" {
					continue
				}
				var role rbacv1.Role
				if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
					t.Fatal(err)
				}
				for _, rule := range role.Rules {
					checkRule(t, role.Name, rule)
				}
			}
		})
	}
}

func checkRule(t *testing.T, role string, rule rbacv1.PolicyRule) {
	t.Helper()
	for _, word := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs) {
		if slices.Contains([]string{"*", "secrets", "escalate", "bind", "impersonate", "pods/exec", "pods/ephemeralcontainers"}, word) {
			t.Errorf("%s grants %s: %v", role, word, rule)
		}
	}
	if strings.HasSuffix(role, "-nodes") && (!slices.Equal(rule.Resources, []string{"nodes"}) || !slices.Equal(rule.Verbs, []string{"get", "list", "watch"})) {
		t.Errorf("%s may do more than read nodes: %v", role, rule)
	}
	if slices.Contains(rule.Resources, "serviceaccounts/token") && !slices.Equal(rule.ResourceNames, []string{"preview-gateway"}) {
		t.Errorf("%s may request tokens of service accounts %v, want preview-gateway alone", role, rule.ResourceNames)
	}
}

func TestContainersDoNotShareIdentities(t *testing.T) {
	pod := operatorPod(t, render(t))
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pod mounts a token into every container")
	}
	mounts := func(name string) map[string]bool {
		readOnly := map[string]bool{}
		for _, mount := range container(t, pod, name).VolumeMounts {
			readOnly[mount.Name] = mount.ReadOnly
		}
		return readOnly
	}
	want := map[string]map[string]bool{
		"manager": {"manager-token": true, "manager-keys": true, "live-settings": true, "gateway-token": false, "store": false, "manager-tmp": false},
		"gateway": {"gateway-keys": true, "gateway-token": true, "kube-ca": true, "live-settings": true, "store": false, "gateway-tmp": false},
	}
	if diff := cmp.Diff(want, map[string]map[string]bool{"manager": mounts("manager"), "gateway": mounts("gateway")}); diff != "" {
		t.Errorf("volumes and whether they are read-only (-want +got):\n%s", diff)
	}
	keys := map[string][]string{}
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			for _, item := range volume.Secret.Items {
				keys[volume.Name] = append(keys[volume.Name], item.Key)
			}
		}
	}
	wantKeys := map[string][]string{"manager-keys": {"runner-key"}, "gateway-keys": {"session-key", "jwt-secret"}}
	if diff := cmp.Diff(wantKeys, keys); diff != "" {
		t.Errorf("keys of each volume (-want +got):\n%s", diff)
	}
}

func TestCRDsAreTheGeneratedOnes(t *testing.T) {
	rendered := map[string]any{}
	for _, object := range render(t) {
		if object.GetKind() == "CustomResourceDefinition" {
			rendered[object.GetName()] = spec(t, object.Object)
			if object.GetAnnotations()["helm.sh/resource-policy"] != "keep" {
				t.Errorf("uninstalling the release would delete %s and every object of its kind", object.GetName())
			}
		}
	}
	generated := map[string]any{}
	files, err := filepath.Glob("../config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd unstructured.Unstructured
		if err := yaml.Unmarshal(raw, &crd.Object); err != nil {
			t.Fatal(err)
		}
		generated[crd.GetName()] = spec(t, crd.Object)
	}
	if diff := cmp.Diff(generated, rendered); diff != "" {
		t.Errorf("custom resource definitions (-config/crd +chart):\n%s", diff)
	}
}

// spec returns the spec of a custom resource definition in its Go type: Helm turns whole numbers into floating point.
func spec(t *testing.T, object map[string]any) apiextensionsv1.CustomResourceDefinitionSpec {
	t.Helper()
	raw, err := json.Marshal(object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	var out apiextensionsv1.CustomResourceDefinitionSpec
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
