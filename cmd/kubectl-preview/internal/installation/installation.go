// Package installation finds the Preview Operator in a cluster: the pod of its gateway, a connection to it, and, for
// those who may read its keys, development tokens.
package installation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/codebegen/preview-operator/internal/auth"
)

const (
	// DefaultNamespace is where the chart is installed.
	DefaultNamespace = "preview-system"
	// DefaultKeysSecret holds the keys of an installation whose pod cannot be read.
	DefaultKeysSecret = "preview-operator-keys"

	// selector, gatewayContainer, gatewayPort, keysVolume and jwtSecretKey are named by the chart.
	selector         = "app.kubernetes.io/name=preview-operator"
	gatewayContainer = "gateway"
	gatewayPort      = "http"
	keysVolume       = "gateway-keys"
	jwtSecretKey     = "jwt-secret"

	// callTimeout bounds each call to the API server.
	callTimeout = 15 * time.Second
	// tokenTTL is the life of a token, renewBefore how much of it must be left.
	tokenTTL    = 10 * time.Minute
	renewBefore = time.Minute
	// maxPods bounds how many pods are looked at.
	maxPods = 50
)

// ErrNoGateway: the namespace has no gateway that is ready.
var ErrNoGateway = errors.New("no gateway that is ready")

// Gateway is what the pod of a gateway says about it.
type Gateway struct {
	Namespace, Pod string
	// Port of the container.
	Port int32
	// keysSecret and settings are the names of what it is configured with.
	keysSecret string
	settings   []string
	// env are the settings of the pod itself, which go before those of the ConfigMaps.
	env map[string]string
}

// Find looks for a gateway that is ready.
func Find(ctx context.Context, kube kubernetes.Interface, namespace string) (Gateway, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pods, err := kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector, Limit: maxPods})
	if err != nil {
		return Gateway{}, fmt.Errorf("listing the pods of namespace %s: %w", namespace, err)
	}
	for i := range pods.Items {
		if gateway, ok := gatewayOf(&pods.Items[i]); ok {
			return gateway, nil
		}
	}
	return Gateway{}, fmt.Errorf("%w in namespace %s, of %d pods with the label %s: name the namespace of the installation with -n, or set --gateway",
		ErrNoGateway, namespace, len(pods.Items), selector)
}

func gatewayOf(pod *corev1.Pod) (Gateway, bool) {
	gateway := Gateway{Namespace: pod.Namespace, Pod: pod.Name, keysSecret: DefaultKeysSecret, env: map[string]string{}}
	if pod.DeletionTimestamp != nil || !ready(pod) {
		return gateway, false
	}
	for _, volume := range pod.Spec.Volumes {
		if volume.Name == keysVolume && volume.Secret != nil {
			gateway.keysSecret = volume.Secret.SecretName
		}
	}
	for _, container := range pod.Spec.Containers {
		if container.Name != gatewayContainer {
			continue
		}
		for _, port := range container.Ports {
			if port.Name == gatewayPort {
				gateway.Port = port.ContainerPort
			}
		}
		for _, from := range container.EnvFrom {
			if from.ConfigMapRef != nil {
				gateway.settings = append(gateway.settings, from.ConfigMapRef.Name)
			}
		}
		for _, env := range container.Env {
			gateway.env[env.Name] = env.Value
		}
	}
	return gateway, gateway.Port != 0
}

// ready: the gateway's container may be while the manager's is not, which only the pod's condition would tell of.
func ready(pod *corev1.Pod) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == gatewayContainer {
			return status.Ready
		}
	}
	return false
}

// Minter makes development tokens for one person.
type Minter struct {
	options auth.Options
	who     auth.Principal
	now     func() time.Time

	mu      sync.Mutex
	token   string
	expires time.Time
}

// NewMinter reads the key of the tokens and the settings that they must agree with.
func NewMinter(ctx context.Context, kube kubernetes.Interface, gateway Gateway, who auth.Principal, now func() time.Time) (*Minter, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if !auth.ValidUserID(who.UserID) {
		return nil, fmt.Errorf("%q is no user id: it must have 1 to 128 letters, digits and . _ @ | : -; choose one with --user", who.UserID)
	}
	secret, err := kube.CoreV1().Secrets(gateway.Namespace).Get(ctx, gateway.keysSecret, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the Secret %s/%s: %w", gateway.Namespace, gateway.keysSecret, err)
	}
	key := secret.Data[jwtSecretKey]
	if len(key) == 0 {
		return nil, fmt.Errorf("the Secret %s/%s has no key %s: tokens of this installation are issued elsewhere", gateway.Namespace, gateway.keysSecret, jwtSecretKey)
	}
	settings, err := settingsOf(ctx, kube, gateway)
	if err != nil {
		return nil, err
	}
	return &Minter{
		options: auth.Options{
			Secret: key, Audience: settings["PREVIEW_JWT_AUDIENCE"], Issuer: settings["PREVIEW_JWT_ISSUER"],
			UserClaim: settings["PREVIEW_JWT_USER_CLAIM"], RoleClaim: settings["PREVIEW_JWT_ROLE_CLAIM"], Now: now,
		},
		who: who, now: now,
	}, nil
}

// settingsOf reads the settings of a gateway. One that is not there has the default of internal/settings.
func settingsOf(ctx context.Context, kube kubernetes.Interface, gateway Gateway) (map[string]string, error) {
	all := map[string]string{"PREVIEW_JWT_AUDIENCE": "preview-operator"}
	for _, name := range gateway.settings {
		settings, err := kube.CoreV1().ConfigMaps(gateway.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the ConfigMap %s/%s: %w", gateway.Namespace, name, err)
		}
		for key, value := range settings.Data {
			all[key] = value
		}
	}
	for key, value := range gateway.env {
		all[key] = value
	}
	return all, nil
}

// Token returns a token that is good for a minute at least.
func (m *Minter) Token() (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if m.token != "" && now.Before(m.expires.Add(-renewBefore)) {
		return m.token, nil
	}
	token, err := auth.Mint(m.options, m.who, tokenTTL)
	if err != nil {
		return "", fmt.Errorf("making a development token: %w", err)
	}
	m.token, m.expires = token, now.Add(tokenTTL)
	return token, nil
}
