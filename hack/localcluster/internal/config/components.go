package config

import (
	"fmt"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
)

// Names of the components, as the commands restart, kill, stop and start take them.
const (
	Etcd              = "etcd"
	APIServer         = "apiserver"
	ControllerManager = "controller-manager"
	Scheduler         = "scheduler"
	Containerd        = "containerd"
	Kubelet           = "kubelet"
	KubeProxy         = "kube-proxy"
	CoreDNS           = "coredns"
	MetricsServer     = "metrics-server"
)

// Component is one program the supervisor keeps running.
type Component struct {
	Name string
	Args []string
	// After names the components that must have answered once before this one
	// is started for the first time. Later each copes with the others' absence.
	After []string
	// Probe is a URL that answers 200 once the component works, or a socket that
	// takes connections; empty means that running is all there is to know.
	Probe string
	// ProbeCA names the authority of an https Probe, and ProbeCert the certificate
	// to show there, if it wants one.
	ProbeCA, ProbeCert string
}

// Components lists the programs of the node in the order they are started.
func Components(p Params) []Component {
	return []Component{
		{
			Name:      Etcd,
			Args:      etcdArgs(p),
			Probe:     "https://127.0.0.1:2379/health",
			ProbeCert: pki.APIServerEtcd,
			ProbeCA:   pki.EtcdCA,
		},
		{
			Name:      APIServer,
			Args:      apiserverArgs(p),
			After:     []string{Etcd},
			Probe:     p.APIServerURL() + "/readyz",
			ProbeCert: pki.Admin,
			ProbeCA:   pki.ClusterCA,
		},
		{
			Name:  Containerd,
			Args:  []string{p.Program(BuildContainerd, "containerd"), "--config=" + filePath("containerd.toml")},
			Probe: "unix://" + containerdSocket,
		},
		{
			Name:  Kubelet,
			Args:  kubeletArgs(p),
			After: []string{APIServer},
			Probe: "http://127.0.0.1:10248/healthz",
		},
		{
			Name:    ControllerManager,
			Args:    controllerManagerArgs(p),
			After:   []string{APIServer},
			Probe:   "https://127.0.0.1:10257/healthz",
			ProbeCA: pki.ClusterCA,
		},
		{
			Name:    Scheduler,
			Args:    schedulerArgs(p),
			After:   []string{APIServer},
			Probe:   "https://127.0.0.1:10259/healthz",
			ProbeCA: pki.ClusterCA,
		},
		{
			Name:  KubeProxy,
			Args:  []string{p.Program(BuildKubernetes, "kube-proxy"), "--config=" + filePath("kube-proxy.yaml"), "--hostname-override=" + p.Name},
			After: []string{APIServer},
			Probe: "http://127.0.0.1:10256/healthz",
		},
		{
			Name:  CoreDNS,
			Args:  []string{p.Program(BuildCoreDNS, "coredns"), "-conf=" + filePath("Corefile")},
			After: []string{APIServer},
			Probe: "http://127.0.0.1:8181/ready",
		},
		{
			Name: MetricsServer,
			Args: metricsServerArgs(p),
			// It crashes until it has been given its rights. CoreDNS waits for its
			// own, which the objects file gives after those of metrics-server.
			After: []string{CoreDNS},
		},
	}
}

// APIServerURL is the same on the host and in the node.
func (p Params) APIServerURL() string {
	return fmt.Sprintf("https://%s:6443", p.Subnet.Node())
}

func etcdArgs(p Params) []string {
	return []string{
		p.Program(BuildKubernetes, "etcd"),
		"--name=" + p.Name,
		"--data-dir=/var/lib/etcd",
		"--listen-client-urls=https://127.0.0.1:2379",
		"--advertise-client-urls=https://127.0.0.1:2379",
		"--client-cert-auth",
		"--trusted-ca-file=" + certPath(pki.EtcdCA),
		"--cert-file=" + certPath(pki.Etcd),
		"--key-file=" + keyPath(pki.Etcd),
		"--listen-peer-urls=https://127.0.0.1:2380",
		"--initial-advertise-peer-urls=https://127.0.0.1:2380",
		"--initial-cluster=" + p.Name + "=https://127.0.0.1:2380",
		"--peer-client-cert-auth",
		"--peer-trusted-ca-file=" + certPath(pki.EtcdCA),
		"--peer-cert-file=" + certPath(pki.Etcd),
		"--peer-key-file=" + keyPath(pki.Etcd),
		"--log-level=warn",
	}
}

func apiserverArgs(p Params) []string {
	return []string{
		p.Program(BuildKubernetes, "kube-apiserver"),
		"--advertise-address=" + p.Subnet.Node().String(),
		"--secure-port=6443",
		"--tls-cert-file=" + certPath(pki.APIServer),
		"--tls-private-key-file=" + keyPath(pki.APIServer),
		"--client-ca-file=" + certPath(pki.ClusterCA),
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--etcd-servers=https://127.0.0.1:2379",
		"--etcd-cafile=" + certPath(pki.EtcdCA),
		"--etcd-certfile=" + certPath(pki.APIServerEtcd),
		"--etcd-keyfile=" + keyPath(pki.APIServerEtcd),
		"--service-cluster-ip-range=" + p.Subnet.Services().String(),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + certPath(pki.ServiceAccount),
		"--service-account-signing-key-file=" + keyPath(pki.ServiceAccount),
		"--kubelet-certificate-authority=" + certPath(pki.ClusterCA),
		"--kubelet-client-certificate=" + certPath(pki.APIServerKubelet),
		"--kubelet-client-key=" + keyPath(pki.APIServerKubelet),
		// The node's name does not resolve anywhere.
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--requestheader-client-ca-file=" + certPath(pki.FrontProxyCA),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + certPath(pki.FrontProxy),
		"--proxy-client-key-file=" + keyPath(pki.FrontProxy),
		// Webhooks and API services are reached at their endpoints, also while
		// kube-proxy is down.
		"--enable-aggregator-routing",
		"--allow-privileged",
		"--profiling=false",
	}
}

func controllerManagerArgs(p Params) []string {
	kubeconfig := kubeconfigPath(pki.ControllerManager)
	return []string{
		p.Program(BuildKubernetes, "kube-controller-manager"),
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + keyPath(pki.ServiceAccount),
		"--root-ca-file=" + certPath(pki.ClusterCA),
		"--cluster-signing-cert-file=" + certPath(pki.ClusterCA),
		"--cluster-signing-key-file=" + keyPath(pki.ClusterCA),
		// There is one of it: a lease would only delay its restart.
		"--leader-elect=false",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
		"--bind-address=127.0.0.1",
		"--tls-cert-file=" + certPath(pki.Loopback),
		"--tls-private-key-file=" + keyPath(pki.Loopback),
		"--profiling=false",
	}
}

func schedulerArgs(p Params) []string {
	kubeconfig := kubeconfigPath(pki.Scheduler)
	return []string{
		p.Program(BuildKubernetes, "kube-scheduler"),
		"--config=" + filePath("scheduler.yaml"),
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--tls-cert-file=" + certPath(pki.Loopback),
		"--tls-private-key-file=" + keyPath(pki.Loopback),
	}
}

func kubeletArgs(p Params) []string {
	return []string{
		p.Program(BuildKubernetes, "kubelet"),
		"--config=" + filePath("kubelet.yaml"),
		"--kubeconfig=" + kubeconfigPath(pki.KubeletClient),
		"--hostname-override=" + p.Name,
		"--node-ip=" + p.Subnet.Node().String(),
		"--root-dir=/var/lib/kubelet",
	}
}

func metricsServerArgs(p Params) []string {
	kubeconfig := kubeconfigPath(pki.MetricsServerClient)
	return []string{
		p.Program(BuildMetricsServer, "metrics-server"),
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=" + p.Subnet.Node().String(),
		"--secure-port=4443",
		"--tls-cert-file=" + certPath(pki.MetricsServer),
		"--tls-private-key-file=" + keyPath(pki.MetricsServer),
		"--kubelet-certificate-authority=" + certPath(pki.ClusterCA),
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-use-node-status-port",
		"--metric-resolution=15s",
	}
}
