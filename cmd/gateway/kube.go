package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kubeconfig "sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/settings"
)

const (
	// clientQPS and clientBurst let 100 launches at once through; the API server has a fairness of its own.
	clientQPS   = 200
	clientBurst = 400
	// tokenWait bounds how long the gateway waits for the manager's first token: the manager may have to win the
	// leader election from a predecessor first.
	tokenWait = 2 * time.Minute
	tokenPoll = 200 * time.Millisecond
)

// kubeConfig is the configuration of a sidecar, which has no service account volume, when a certificate authority is
// given: the token then comes from the manager. Otherwise it is the usual one, of a pod or of a kubeconfig.
func kubeConfig(ctx context.Context, s settings.Settings, lookup func(string) (string, bool)) (*rest.Config, error) {
	config, err := baseConfig(ctx, s, lookup)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = clientQPS, clientBurst
	config.UserAgent = "preview-gateway"
	config.Dial = patient((&net.Dialer{Timeout: dialTimeout, KeepAlive: dialKeepAlive}).DialContext, dialPatience)
	return config, nil
}

func baseConfig(ctx context.Context, s settings.Settings, lookup func(string) (string, bool)) (*rest.Config, error) {
	if s.KubeCAFile == "" {
		return kubeconfig.GetConfig()
	}
	host, hasHost := lookup("KUBERNETES_SERVICE_HOST")
	port, hasPort := lookup("KUBERNETES_SERVICE_PORT")
	if !hasHost || !hasPort {
		return nil, errors.New("PREVIEW_KUBE_CA_FILE is set, but KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not: unset it outside a cluster")
	}
	if err := awaitFile(ctx, s.GatewayTokenFile, tokenWait); err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            "https://" + net.JoinHostPort(host, port),
		TLSClientConfig: rest.TLSClientConfig{CAFile: s.KubeCAFile},
		BearerTokenFile: s.GatewayTokenFile,
	}, nil
}

// awaitFile waits until a file is there and not empty.
func awaitFile(ctx context.Context, path string, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(tokenPoll)
	defer tick.Stop()
	for {
		info, err := os.Stat(path)
		if err == nil && info.Size() > 0 {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("waiting for the token of the manager: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the manager wrote no token to %s within %s: %w", path, wait, ctx.Err())
		case <-tick.C:
		}
	}
}

// kubeClients returns a client for PreviewInstances and one for pods and their logs. The mapping of kinds is fixed, so
// that starting needs no discovery.
func kubeClients(config *rest.Config) (client.WithWatch, kubernetes.Interface, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, nil, err
	}
	mapper := apimeta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	mapper.Add(v1alpha1.GroupVersion.WithKind("PreviewInstance"), apimeta.RESTScopeNamespace)
	instances, err := client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, nil, err
	}
	pods, err := kubernetes.NewForConfig(config)
	return instances, pods, err
}
