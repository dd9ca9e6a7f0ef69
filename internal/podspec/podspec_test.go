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
			s.WorkspaceMB, s.EphemeralStorageMB = ptr.To(int32(16)), ptr.To(int32(100))
		})),
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
