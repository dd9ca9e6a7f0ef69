// Package framework drives a real installation for the end-to-end suite and the benchmarks: the cluster through the
// Kubernetes API and the real kubectl, the gateway over HTTP. It asserts nothing; every function returns its error.
package framework

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

const (
	// Release is the name of the Helm release, SystemNamespace where it is installed.
	Release         = "preview-operator"
	SystemNamespace = "preview-system"
	// GatewayServiceName, KeysSecretName and the keys in it are named by the chart.
	GatewayServiceName  = "preview-operator-gateway"
	KeysSecretName      = "preview-operator-keys"
	JWTSecretKey        = "jwt-secret"
	RunnerKeySecretKey  = "runner-key"
	SessionKeySecretKey = "session-key"
	// ManagerAccount and GatewayAccount are the user names of the two identities.
	ManagerAccount = "system:serviceaccount:preview-system:preview-operator"
	GatewayAccount = "system:serviceaccount:preview-system:preview-gateway"
)

// Config says where the installation is.
type Config struct {
	// Kubeconfig of the cluster: E2E_KUBECONFIG, else KUBECONFIG.
	Kubeconfig string
	// GatewayURL of the gateway: E2E_GATEWAY_URL, else the node port of its Service.
	GatewayURL string
	// JWTSecretFile holds the secret of bearer tokens: E2E_JWT_SECRET_FILE, else the installation's Secret is read.
	JWTSecretFile string
	// Kubectl is the binary to run: E2E_KUBECTL, else kubectl.
	Kubectl string
	// Helm is the binary to run: E2E_HELM, else helm.
	Helm string
	// LocalCluster is the command localcluster for this cluster: E2E_LOCALCLUSTER. Without it, what stops components fails.
	LocalCluster string
	// Namespace of the previews: E2E_NAMESPACE, else previews.
	Namespace string
}

// ConfigFromEnv reads the configuration.
func ConfigFromEnv() (Config, error) {
	c := Config{
		Kubeconfig:    first(os.Getenv("E2E_KUBECONFIG"), os.Getenv("KUBECONFIG")),
		GatewayURL:    strings.TrimRight(os.Getenv("E2E_GATEWAY_URL"), "/"),
		JWTSecretFile: os.Getenv("E2E_JWT_SECRET_FILE"),
		Kubectl:       first(os.Getenv("E2E_KUBECTL"), "kubectl"),
		Helm:          first(os.Getenv("E2E_HELM"), "helm"),
		LocalCluster:  os.Getenv("E2E_LOCALCLUSTER"),
		Namespace:     first(os.Getenv("E2E_NAMESPACE"), "previews"),
	}
	if c.Kubeconfig == "" {
		return Config{}, errors.New("E2E_KUBECONFIG names no cluster")
	}
	absolute, err := filepath.Abs(c.Kubeconfig)
	c.Kubeconfig = absolute
	return c, err
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

// Cluster is the installation.
type Cluster struct {
	Config
	// REST, Kube and Client are the administrator's; Client knows the types of this project and asks the API server
	// to refuse unknown fields.
	REST   *rest.Config
	Kube   kubernetes.Interface
	Client client.WithWatch
	// Gateway is its HTTP API.
	Gateway *Gateway
}

// Connect finds the installation and checks that it answers.
func Connect(ctx context.Context, config Config) (*Cluster, error) {
	restConfig, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("load kubeconfig: %w", err)
	}
	// Client-side throttling would be measured and waited for in place of the system under test.
	restConfig.QPS = -1
	c := &Cluster{Config: config, REST: restConfig}
	if c.Kube, err = kubernetes.NewForConfig(restConfig); err != nil {
		return nil, err
	}
	if c.Client, err = newClient(restConfig); err != nil {
		return nil, err
	}
	if _, err := c.Kube.Discovery().ServerVersion(); err != nil {
		return nil, fmt.Errorf("reach the API server: %w", err)
	}
	if c.GatewayURL == "" {
		if c.GatewayURL, err = c.findGateway(ctx); err != nil {
			return nil, fmt.Errorf("find the gateway: %w", err)
		}
	}
	secret, err := c.jwtSecret(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the secret of bearer tokens: %w", err)
	}
	c.Gateway = NewGateway(c.GatewayURL, secret)
	return c, nil
}

func newClient(config *rest.Config) (client.WithWatch, error) {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return client.NewWithWatch(config, client.Options{Scheme: scheme})
}

// As returns a client of another user, who must be allowed what it does.
func (c *Cluster) As(user string, groups ...string) (client.WithWatch, error) {
	config := rest.CopyConfig(c.REST)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	return newClient(config)
}

// AsServiceAccount returns a client of a service account, by its user name.
func (c *Cluster) AsServiceAccount(user string) (client.WithWatch, error) {
	namespace := strings.Split(user, ":")[2]
	return c.As(user, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
}

func (c *Cluster) findGateway(ctx context.Context) (string, error) {
	service, err := c.Kube.CoreV1().Services(SystemNamespace).Get(ctx, GatewayServiceName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	host, port := service.Spec.ClusterIP, int32(0)
	for _, p := range service.Spec.Ports {
		port = p.Port
		if p.NodePort != 0 {
			port = p.NodePort
			if host, err = c.nodeAddress(ctx); err != nil {
				return "", err
			}
		}
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(int(port))), nil
}

// HostAddress is the address of this machine at which the node, and so its pods, reach it.
func (c *Cluster) HostAddress(ctx context.Context) (string, error) {
	node, err := c.nodeAddress(ctx)
	if err != nil {
		return "", err
	}
	// Nothing is sent: the kernel chooses the address by its routes.
	conn, err := new(net.Dialer).DialContext(ctx, "udp", net.JoinHostPort(node, "9"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String(), nil
}

func (c *Cluster) nodeAddress(ctx context.Context) (string, error) {
	nodes, err := c.Kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	for _, node := range nodes.Items {
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				return address.Address, nil
			}
		}
	}
	return "", errors.New("no node has an internal address")
}

func (c *Cluster) jwtSecret(ctx context.Context) ([]byte, error) {
	if c.JWTSecretFile != "" {
		raw, err := os.ReadFile(c.JWTSecretFile)
		return []byte(strings.TrimSpace(string(raw))), err
	}
	return c.Key(ctx, JWTSecretKey)
}

// Key reads one of the installation's keys.
func (c *Cluster) Key(ctx context.Context, name string) ([]byte, error) {
	secret, err := c.Kube.CoreV1().Secrets(SystemNamespace).Get(ctx, KeysSecretName, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	key, found := secret.Data[name]
	if !found {
		return nil, fmt.Errorf("secret %s has no key %s", KeysSecretName, name)
	}
	return key, nil
}

// ManagerPod is the running pod of the manager.
func (c *Cluster) ManagerPod(ctx context.Context) (*corev1.Pod, error) {
	pods, err := c.Kube.CoreV1().Pods(SystemNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + Release})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		for _, container := range pods.Items[i].Spec.Containers {
			if container.Name == "manager" && pods.Items[i].DeletionTimestamp == nil {
				return &pods.Items[i], nil
			}
		}
	}
	return nil, fmt.Errorf("namespace %s has no pod with a container manager", SystemNamespace)
}

// GatewayLogs are the last lines that the gateway has printed, at most 16 MiB.
func (c *Cluster) GatewayLogs(ctx context.Context) (string, error) {
	pod, err := c.ManagerPod(ctx)
	if err != nil {
		return "", err
	}
	most := int64(16 << 20)
	logs, err := c.Kube.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: "gateway", LimitBytes: &most}).DoRaw(ctx)
	return string(logs), err
}

// Instance reads a PreviewInstance; nil when there is none.
func (c *Cluster) Instance(ctx context.Context, name string) (*v1alpha1.PreviewInstance, error) {
	instance := &v1alpha1.PreviewInstance{}
	err := c.Client.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: name}, instance)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return instance, err
}

// Instances lists the PreviewInstances whose user id begins with the prefix.
func (c *Cluster) Instances(ctx context.Context, userPrefix string) ([]v1alpha1.PreviewInstance, error) {
	list := &v1alpha1.PreviewInstanceList{}
	if err := c.Client.List(ctx, list, client.InNamespace(c.Namespace)); err != nil {
		return nil, err
	}
	var mine []v1alpha1.PreviewInstance
	for _, instance := range list.Items {
		if strings.HasPrefix(instance.Spec.UserID, userPrefix) {
			mine = append(mine, instance)
		}
	}
	return mine, nil
}

// DeleteInstances asks for the deletion of the PreviewInstances whose user id begins with the prefix.
func (c *Cluster) DeleteInstances(ctx context.Context, userPrefix string) error {
	instances, err := c.Instances(ctx, userPrefix)
	if err != nil {
		return err
	}
	for i := range instances {
		if err := c.Client.Delete(ctx, &instances[i]); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// PreviewPods lists all preview pods of the namespace.
func (c *Cluster) PreviewPods(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := c.Kube.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: v1alpha1.LabelComponent + "=" + v1alpha1.ComponentPreview,
	})
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}

// PodsOf lists the pods that are controlled by the instance of this UID.
func (c *Cluster) PodsOf(ctx context.Context, uid string) ([]corev1.Pod, error) {
	pods, err := c.PreviewPods(ctx)
	if err != nil {
		return nil, err
	}
	var owned []corev1.Pod
	for _, pod := range pods {
		if owner := metav1.GetControllerOf(&pod); owner != nil && string(owner.UID) == uid {
			owned = append(owned, pod)
		}
	}
	return owned, nil
}
