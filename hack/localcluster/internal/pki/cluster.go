package pki

import (
	"fmt"
	"net"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// Names of the authorities and of the certificates in a Bundle.
const (
	ClusterCA    = "ca"
	FrontProxyCA = "front-proxy-ca"
	EtcdCA       = "etcd-ca"

	ServiceAccount      = "service-account"
	APIServer           = "apiserver"
	APIServerKubelet    = "apiserver-kubelet-client"
	APIServerEtcd       = "apiserver-etcd-client"
	FrontProxy          = "front-proxy-client"
	Etcd                = "etcd"
	Kubelet             = "kubelet"
	Loopback            = "loopback"
	MetricsServer       = "metrics-server"
	Admin               = "admin"
	ControllerManager   = "controller-manager"
	Scheduler           = "scheduler"
	KubeProxy           = "kube-proxy"
	CoreDNS             = "coredns"
	MetricsServerClient = "metrics-server-client"
	KubeletClient       = "kubelet-client"
)

// Clients lists the certificates a component shows the API server; each gets a
// kubeconfig of the same name.
var Clients = []string{Admin, ControllerManager, Scheduler, KubeProxy, CoreDNS, MetricsServerClient, KubeletClient}

var authorityNames = []string{ClusterCA, FrontProxyCA, EtcdCA}

// Bundle holds every certificate of a cluster by name.
type Bundle map[string]Pair

// NewBundle issues all certificates of the cluster called name. Three
// authorities, because one that signs client certificates for the API must not
// thereby open etcd, nor let its holders pose as the aggregation layer.
func NewBundle(name string, s subnet.Subnet, now time.Time) (Bundle, error) {
	bundle := Bundle{}
	authorities := map[string]*Authority{}
	for _, ca := range authorityNames {
		authority, err := NewAuthority(name+"-"+ca, now)
		if err != nil {
			return nil, err
		}
		authorities[ca] = authority
		bundle[ca] = authority.Pair
	}

	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	bundle[ServiceAccount] = key

	for _, c := range certificates(name, s) {
		pair, err := authorities[c.ca].Issue(c.request, now)
		if err != nil {
			return nil, fmt.Errorf("issue %s: %w", c.name, err)
		}
		bundle[c.name] = pair
	}
	return bundle, nil
}

// Complete tells whether the bundle has all a cluster needs; one that an older
// version of this program has made may not.
func (b Bundle) Complete() bool {
	if _, ok := b[ServiceAccount]; !ok {
		return false
	}
	for _, ca := range authorityNames {
		if _, ok := b[ca]; !ok {
			return false
		}
	}
	for _, c := range certificates("", subnet.Subnet{}) {
		if _, ok := b[c.name]; !ok {
			return false
		}
	}
	return true
}

type certificate struct {
	name, ca string
	request  Request
}

func certificates(name string, s subnet.Subnet) []certificate {
	loopback := net.IPv4(127, 0, 0, 1)
	node := net.IP(s.Node().AsSlice())
	return []certificate{
		{APIServer, ClusterCA, Request{
			CommonName: "kube-apiserver",
			Server:     true,
			Names: []string{
				"localhost", name, "kubernetes", "kubernetes.default", "kubernetes.default.svc",
				"kubernetes.default.svc.cluster.local",
			},
			IPs: []net.IP{loopback, node, s.APIService().AsSlice()},
		}},
		{APIServerKubelet, ClusterCA, Request{CommonName: "kube-apiserver-kubelet-client"}},
		{APIServerEtcd, EtcdCA, Request{CommonName: "kube-apiserver-etcd-client"}},
		{FrontProxy, FrontProxyCA, Request{CommonName: "front-proxy-client"}},
		{Etcd, EtcdCA, Request{CommonName: "etcd", Server: true, Names: []string{"localhost"}, IPs: []net.IP{loopback}}},
		{Kubelet, ClusterCA, Request{CommonName: "kubelet", Server: true, Names: []string{name}, IPs: []net.IP{loopback, node}}},
		{Loopback, ClusterCA, Request{CommonName: "localhost", Server: true, Names: []string{"localhost"}, IPs: []net.IP{loopback}}},
		{MetricsServer, ClusterCA, Request{CommonName: "metrics-server", Server: true, Names: []string{"metrics-server.kube-system.svc"}}},
		{Admin, ClusterCA, Request{CommonName: "admin", Organizations: []string{"system:masters"}}},
		{ControllerManager, ClusterCA, Request{CommonName: "system:kube-controller-manager"}},
		{Scheduler, ClusterCA, Request{CommonName: "system:kube-scheduler"}},
		{KubeProxy, ClusterCA, Request{CommonName: "system:kube-proxy"}},
		{CoreDNS, ClusterCA, Request{CommonName: "coredns"}},
		{MetricsServerClient, ClusterCA, Request{CommonName: "metrics-server"}},
		{KubeletClient, ClusterCA, Request{CommonName: "system:node:" + name, Organizations: []string{"system:nodes"}}},
	}
}
