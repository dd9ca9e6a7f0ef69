package podspec

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before committing")

func podInput(change func(*v1alpha1.PreviewRuntimeSpec)) PodInput {
	in := PodInput{
		Instance: &v1alpha1.PreviewInstance{
			ObjectMeta: metav1.ObjectMeta{
				Name: "hello", Namespace: "previews", UID: "7d5c3b4e-0000-4000-8000-000000000001",
				// Nothing of what a user can set on the instance may reach the pod (incidents 1 and 6).
				Labels:      map[string]string{v1alpha1.LabelComponent: "spoofed", "team": "users"},
				Annotations: map[string]string{"container.apparmor.security.beta.kubernetes.io/runner": "unconfined"},
			},
			Spec: v1alpha1.PreviewInstanceSpec{
				GenerationID: "gen-1", UserID: "alice",
				Env: []v1alpha1.EnvVar{{Name: "LD_PRELOAD", Value: "/tmp/evil.so"}},
			},
		},
		Runtime: &v1alpha1.PreviewRuntime{
			ObjectMeta: metav1.ObjectMeta{Name: "python", Namespace: "previews"},
			Spec:       v1alpha1.PreviewRuntimeSpec{Image: "codebegen/preview-runtime-python:v1", ImagePullPolicy: corev1.PullIfNotPresent},
		},
		Name: "hello-abc", Port: 3001, SecretHash: strings.Repeat("ab", 32), MemoryLimitMB: 512,
	}
	if change != nil {
		change(&in.Runtime.Spec)
	}
	return in
}

func warmInput(change func(*v1alpha1.PreviewRuntimeSpec)) WarmInput {
	in := podInput(change)
	in.Runtime.UID = "7d5c3b4e-0000-4000-8000-000000000002"
	return WarmInput{Runtime: in.Runtime, Name: "python-abc", SecretHash: in.SecretHash, MemoryLimitMB: in.MemoryLimitMB}
}

func namespaceInput() NamespaceInput {
	in := NamespaceInput{Namespace: "previews", OperatorNamespace: "preview-system", PortMin: 3001, PortMax: 3100}
	for _, cidr := range []string{"10.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10"} {
		in.BlockedCIDRs = append(in.BlockedCIDRs, netip.MustParsePrefix(cidr))
	}
	return in
}

func TestRenderedObjects(t *testing.T) {
	for name, object := range map[string]any{
		"pod": Pod(podInput(nil)),
		"pod-everything": Pod(podInput(func(s *v1alpha1.PreviewRuntimeSpec) {
			s.RunnerImage = "codebegen/preview-runtime-python:v2"
			s.ImagePullSecrets = []string{"registry"}
			s.RuntimeClassName = ptr.To("gvisor")
			s.NodeSelector = map[string]string{"pool": "previews"}
			s.Tolerations = []corev1.Toleration{{Key: "previews", Operator: corev1.TolerationOpExists}}
			s.MemoryRequestMB = ptr.To(int32(4096))
			s.Preload = []string{"fastapi", "sqlalchemy.orm"}
			s.WorkspaceMB, s.EphemeralStorageMB = ptr.To(int32(16)), ptr.To(int32(100))
		})),
		"warmpod":       WarmPod(warmInput(nil)),
		"service":       Service("previews"),
		"networkpolicy": NetworkPolicy(namespaceInput()),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// Incidents 1, 6 and 27: nothing that a user sets on the instance appears in the pod.
func TestIncident1NothingOfTheInstancesSpecReachesThePod(t *testing.T) {
	rendered, err := yaml.Marshal(Pod(podInput(nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, forbidden := range []string{"LD_PRELOAD", "evil", "spoofed", "team", "apparmor", "alice", "hostPath", "gitRepo", "subPath", "privileged: true"} {
		if strings.Contains(string(rendered), forbidden) {
			t.Errorf("the pod contains %q:\n%s", forbidden, rendered)
		}
	}
}

func TestStopGrace(t *testing.T) {
	for name, test := range map[string]struct {
		grace    time.Duration
		variable string
		seconds  int64
	}{
		"default":       {0, "10s", 12},
		"short":         {time.Second, "1s", 3},
		"broken second": {1500 * time.Millisecond, "1.5s", 4},
		"minutes":       {90 * time.Second, "1m30s", 92},
		"negative":      {-time.Second, "10s", 12},
		"too long":      {time.Hour, "10m0s", 602},
	} {
		in := podInput(nil)
		in.StopGrace = test.grace
		pod := Pod(in)
		want := corev1.EnvVar{Name: runnerapi.EnvStopGrace, Value: test.variable}
		if env := pod.Spec.Containers[0].Env; !slices.Contains(env, want) || *pod.Spec.TerminationGracePeriodSeconds != test.seconds {
			t.Errorf("%s: the pod has %d s and %v, want %d s and %v", name, *pod.Spec.TerminationGracePeriodSeconds, env, test.seconds, want)
		}
	}
}

// A claim changes the metadata of a warm pod; what cannot be changed any more has to be what the instance would have got, but
// for how the runner loads what it needs.
func TestAWarmPodIsAnInstancesPodWithoutItsPort(t *testing.T) {
	of, warm := Pod(podInput(nil)), WarmPod(warmInput(nil))
	of.Spec.Hostname = warm.Spec.Hostname
	of.Spec.Containers[0].Ports = of.Spec.Containers[0].Ports[:1]
	of.Spec.Containers[0].Env = append(of.Spec.Containers[0].Env, corev1.EnvVar{Name: runnerapi.EnvWarm, Value: "true"})
	if diff := cmp.Diff(of.Spec, warm.Spec); diff != "" {
		t.Errorf("an instance's pod (-) and a warm pod (+) differ:\n%s", diff)
	}
}

func TestRevision(t *testing.T) {
	base := Revision(warmInput(nil))
	if problems := validation.IsValidLabelValue(base); problems != nil || base == "" {
		t.Fatalf("Revision() = %q: %v", base, problems)
	}
	for name, test := range map[string]struct {
		change func(*WarmInput)
		same   bool
	}{
		"nothing":         {func(*WarmInput) {}, true},
		"name":            {func(in *WarmInput) { in.Name = "python-def" }, true},
		"secret":          {func(in *WarmInput) { in.SecretHash = strings.Repeat("cd", 32) }, true},
		"size of pool":    {func(in *WarmInput) { in.Runtime.Spec.Warm = &v1alpha1.WarmPool{Size: ptr.To(int32(7))} }, true},
		"labels":          {func(in *WarmInput) { in.Runtime.Labels = map[string]string{"team": "a"} }, true},
		"image":           {func(in *WarmInput) { in.Runtime.Spec.Image = "codebegen/preview-runtime-python:v2" }, false},
		"modules":         {func(in *WarmInput) { in.Runtime.Spec.Preload = []string{"fastapi"} }, false},
		"runner's image":  {func(in *WarmInput) { in.Runtime.Spec.RunnerImage = "codebegen/preview-runtime-python:v2" }, false},
		"memory limit":    {func(in *WarmInput) { in.MemoryLimitMB = 256 }, false},
		"memory request":  {func(in *WarmInput) { in.Runtime.Spec.MemoryRequestMB = ptr.To(int32(64)) }, false},
		"node":            {func(in *WarmInput) { in.Runtime.Spec.NodeSelector = map[string]string{"pool": "previews"} }, false},
		"time to stop":    {func(in *WarmInput) { in.StopGrace = time.Minute }, false},
		"default to stop": {func(in *WarmInput) { in.StopGrace = runnerapi.DefaultStopGrace }, true},
	} {
		in := warmInput(nil)
		test.change(&in)
		if got := Revision(in); (got == base) != test.same {
			t.Errorf("%s: the revision was %s and is %s, want it to stay: %t", name, base, got, test.same)
		}
		if pod := WarmPod(in); pod.Labels[v1alpha1.LabelRevision] != Revision(in) {
			t.Errorf("%s: the pod is of revision %q, want %q", name, pod.Labels[v1alpha1.LabelRevision], Revision(in))
		}
	}
}

func TestSecretHash(t *testing.T) {
	pod := Pod(podInput(func(s *v1alpha1.PreviewRuntimeSpec) { s.RunnerImage = "codebegen/preview-runtime-python:v2" }))
	if got := SecretHash(pod); got != strings.Repeat("ab", 32) {
		t.Errorf("got %q", got)
	}
	// A container that somebody put beside ours has no say.
	beside := corev1.Container{Name: "sidecar", Env: []corev1.EnvVar{{Name: runnerapi.EnvSecretHash, Value: "theirs"}}}
	pod.Spec.Containers = append([]corev1.Container{beside}, pod.Spec.Containers...)
	if got := SecretHash(pod); got != strings.Repeat("ab", 32) {
		t.Errorf("with another container: got %q", got)
	}
	pod.Spec.Containers = pod.Spec.Containers[:1]
	if got := SecretHash(pod); got != "" {
		t.Errorf("without ours: got %q", got)
	}
}

func TestPodName(t *testing.T) {
	seen := map[string]bool{}
	for _, instance := range []string{"a", "gen-1", "with.dots", "trailing-", strings.Repeat("x", 63), strings.Repeat("y", 253), strings.Repeat("z", 51) + "-.-zz"} {
		for range 50 {
			name := PodName(instance)
			if problems := validation.IsDNS1123Label(name); problems != nil {
				t.Fatalf("PodName(%q) = %q: %v", instance, name, problems)
			}
			if seen[name] {
				t.Fatalf("PodName(%q) = %q came twice", instance, name)
			}
			seen[name] = true
		}
	}
}

func TestBaseURL(t *testing.T) {
	host := Host("hello-abc", "previews", "cluster.local")
	if want := "hello-abc.previews.previews.svc.cluster.local"; host != want {
		t.Errorf("Host() = %q, want %q", host, want)
	}
	for template, want := range map[string]string{
		"http://{host}:{port}":                       "http://" + host + ":3001",
		"https://{name}.{namespace}.preview.example": "https://hello.previews.preview.example",
		"https://preview.example/":                   "https://preview.example/",
	} {
		if got := BaseURL(template, host, "3001", "hello", "previews"); got != want {
			t.Errorf("BaseURL(%q) = %q, want %q", template, got, want)
		}
	}
}
