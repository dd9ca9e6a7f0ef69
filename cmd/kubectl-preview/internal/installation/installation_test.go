package installation

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/codebegen/preview-operator/internal/auth"
)

const canary = "canary-jwt-secret-0123456789abcdef"

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// pod is a pod as the chart makes it.
func pod(name string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "preview-system", Name: name, Labels: map[string]string{"app.kubernetes.io/name": "preview-operator"}},
		Spec: corev1.PodSpec{
			Volumes: []corev1.Volume{{Name: "gateway-keys", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "keys"}}}},
			Containers: []corev1.Container{
				{Name: "manager", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 1}}},
				{
					Name: "gateway", Ports: []corev1.ContainerPort{{Name: "metrics", ContainerPort: 2}, {Name: "http", ContainerPort: 8080}},
					EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}},
				},
			},
		},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "manager"}, {Name: "gateway", Ready: true}}},
	}
	if change != nil {
		change(p)
	}
	return p
}

func TestFind(t *testing.T) {
	now := metav1.NewTime(testTime)
	tests := map[string]struct {
		pods []runtime.Object
		want string
	}{
		"ready":             {[]runtime.Object{pod("a", nil)}, "a"},
		"none":              {nil, ""},
		"not ready":         {[]runtime.Object{pod("a", func(p *corev1.Pod) { p.Status.ContainerStatuses[1].Ready = false })}, ""},
		"going":             {[]runtime.Object{pod("a", func(p *corev1.Pod) { p.DeletionTimestamp, p.Finalizers = &now, []string{"x"} }), pod("b", nil)}, "b"},
		"without gateway":   {[]runtime.Object{pod("a", func(p *corev1.Pod) { p.Spec.Containers = p.Spec.Containers[:1] })}, ""},
		"another namespace": {[]runtime.Object{pod("a", func(p *corev1.Pod) { p.Namespace = "other" })}, ""},
		"another label":     {[]runtime.Object{pod("a", func(p *corev1.Pod) { p.Labels = nil })}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			gateway, err := Find(t.Context(), fake.NewClientset(tt.pods...), "preview-system")
			if tt.want == "" {
				if !errors.Is(err, ErrNoGateway) || !strings.Contains(err.Error(), "-n") {
					t.Errorf("got %v", err)
				}
				return
			}
			want := Gateway{Namespace: "preview-system", Pod: tt.want, Port: 8080, keysSecret: "keys", settings: []string{"settings"}, env: map[string]string{}}
			if diff := cmp.Diff(want, gateway, cmp.AllowUnexported(Gateway{})); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func secret(data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "preview-system", Name: "keys"}, Data: data}
}

func settingsMap(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "preview-system", Name: "settings"}, Data: data}
}

func TestTokens(t *testing.T) {
	keys := secret(map[string][]byte{"jwt-secret": []byte(canary)})
	tests := map[string]struct {
		objects []runtime.Object
		env     []corev1.EnvVar
		who     auth.Principal
		verify  auth.Options
	}{
		"defaults": {[]runtime.Object{keys}, nil, auth.Principal{UserID: "alice"}, auth.Options{Audience: "preview-operator"}},
		"administrator": {
			[]runtime.Object{keys}, nil, auth.Principal{UserID: "alice", Role: auth.RoleAdmin}, auth.Options{Audience: "preview-operator"},
		},
		"settings of the installation": {
			[]runtime.Object{keys, settingsMap(map[string]string{"PREVIEW_JWT_AUDIENCE": "us", "PREVIEW_JWT_ISSUER": "me", "PREVIEW_JWT_USER_CLAIM": "uid"})},
			nil, auth.Principal{UserID: "alice"}, auth.Options{Audience: "us", Issuer: "me", UserClaim: "uid"},
		},
		"settings of the pod go before": {
			[]runtime.Object{keys, settingsMap(map[string]string{"PREVIEW_JWT_AUDIENCE": "us"})},
			[]corev1.EnvVar{{Name: "PREVIEW_JWT_AUDIENCE", Value: "them"}}, auth.Principal{UserID: "alice"}, auth.Options{Audience: "them"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			now := testTime
			clock := func() time.Time { return now }
			kube := fake.NewClientset(append(tt.objects, pod("a", func(p *corev1.Pod) { p.Spec.Containers[1].Env = tt.env }))...)
			gateway, err := Find(t.Context(), kube, "preview-system")
			if err != nil {
				t.Fatal(err)
			}
			minter, err := NewMinter(t.Context(), kube, gateway, tt.who, clock)
			if err != nil {
				t.Fatal(err)
			}
			tt.verify.Secret, tt.verify.Now = []byte(canary), clock
			verifier, err := auth.NewVerifier(tt.verify)
			if err != nil {
				t.Fatal(err)
			}
			tokens := map[string]bool{}
			// A token is used for nine of its ten minutes.
			for _, at := range []time.Duration{0, 9*time.Minute - time.Second, 9 * time.Minute, 30 * time.Minute} {
				now = testTime.Add(at)
				token, err := minter.Token()
				if err != nil {
					t.Fatal(err)
				}
				tokens[token] = true
				got, err := verifier.Verify(token)
				if err != nil || got.UserID != tt.who.UserID || got.Role != tt.who.Role || got.Expires.Sub(now) < time.Minute {
					t.Errorf("after %s: %+v, %v", at, got, err)
				}
			}
			if len(tokens) != 3 {
				t.Errorf("%d tokens, want 3", len(tokens))
			}
		})
	}
}

func TestTokensThatCannotBeMade(t *testing.T) {
	forbidden := func(resource string) func(*fake.Clientset) {
		return func(kube *fake.Clientset) {
			kube.PrependReactor("get", resource, func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "keys", errors.New("no"))
			})
		}
	}
	keys := secret(map[string][]byte{"jwt-secret": []byte(canary)})
	tests := map[string]struct {
		objects []runtime.Object
		user    string
		change  func(*fake.Clientset)
		want    string
	}{
		"may not read the key":      {[]runtime.Object{keys}, "alice", forbidden("secrets"), "reading the Secret preview-system/keys"},
		"no key":                    {nil, "alice", nil, "reading the Secret preview-system/keys"},
		"keys without this one":     {[]runtime.Object{secret(nil)}, "alice", nil, "has no key jwt-secret"},
		"may not read the settings": {[]runtime.Object{keys}, "alice", forbidden("configmaps"), "reading the ConfigMap preview-system/settings"},
		"name that is no user id":   {[]runtime.Object{keys}, `DOMAIN\alice`, nil, "choose one with --user"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			kube := fake.NewClientset(append(tt.objects, pod("a", nil))...)
			if tt.change != nil {
				tt.change(kube)
			}
			gateway, err := Find(context.Background(), kube, "preview-system")
			if err != nil {
				t.Fatal(err)
			}
			_, err = NewMinter(t.Context(), kube, gateway, auth.Principal{UserID: tt.user}, time.Now)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	t.Run("short key", func(t *testing.T) {
		kube := fake.NewClientset(secret(map[string][]byte{"jwt-secret": []byte("canary")}), pod("a", nil))
		gateway, err := Find(t.Context(), kube, "preview-system")
		if err != nil {
			t.Fatal(err)
		}
		minter, err := NewMinter(t.Context(), kube, gateway, auth.Principal{UserID: "alice"}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := minter.Token(); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v", err)
		}
	})
}
