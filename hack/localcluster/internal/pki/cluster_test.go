package pki

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newBundle(t *testing.T) Bundle {
	t.Helper()
	s, err := subnet.New(3)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := NewBundle("preview", s, now)
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

func parse(t *testing.T, pair Pair) *x509.Certificate {
	t.Helper()
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	return loaded.Leaf
}

func verify(t *testing.T, bundle Bundle, cert, ca string, usage x509.ExtKeyUsage, name string) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(parse(t, bundle[ca]))
	_, err := parse(t, bundle[cert]).Verify(x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: now,
		DNSName:     name,
		KeyUsages:   []x509.ExtKeyUsage{usage},
	})
	return err
}

func TestServingCertificates(t *testing.T) {
	t.Parallel()
	bundle := newBundle(t)
	for name, tc := range map[string]struct {
		cert, ca, host string
		refused        bool
	}{
		"API server at the node":              {cert: APIServer, ca: ClusterCA, host: "10.195.0.2"},
		"API server at its Service address":   {cert: APIServer, ca: ClusterCA, host: "10.195.96.1"},
		"API server by its Service name":      {cert: APIServer, ca: ClusterCA, host: "kubernetes.default.svc"},
		"API server by another name":          {cert: APIServer, ca: ClusterCA, host: "example.com", refused: true},
		"kubelet at the node":                 {cert: Kubelet, ca: ClusterCA, host: "10.195.0.2"},
		"metrics-server by its Service name":  {cert: MetricsServer, ca: ClusterCA, host: "metrics-server.kube-system.svc"},
		"etcd on the loopback device":         {cert: Etcd, ca: EtcdCA, host: "127.0.0.1"},
		"etcd by the cluster's authority":     {cert: Etcd, ca: ClusterCA, host: "127.0.0.1", refused: true},
		"a client certificate used to serve":  {cert: Admin, ca: ClusterCA, refused: true},
		"probed components on the loopback":   {cert: Loopback, ca: ClusterCA, host: "127.0.0.1"},
		"the API server's certificate, a pod": {cert: APIServer, ca: ClusterCA, host: "10.195.16.9", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := verify(t, bundle, tc.cert, tc.ca, x509.ExtKeyUsageServerAuth, tc.host)
			if refused := err != nil; refused != tc.refused {
				t.Errorf("refused = %t (%v), want %t", refused, err, tc.refused)
			}
		})
	}
}

func TestClientIdentities(t *testing.T) {
	t.Parallel()
	type identity struct {
		User   string
		Groups []string
		CA     string
	}
	want := map[string]identity{
		Admin:               {User: "admin", Groups: []string{"system:masters"}, CA: ClusterCA},
		ControllerManager:   {User: "system:kube-controller-manager", CA: ClusterCA},
		Scheduler:           {User: "system:kube-scheduler", CA: ClusterCA},
		KubeProxy:           {User: "system:kube-proxy", CA: ClusterCA},
		CoreDNS:             {User: "coredns", CA: ClusterCA},
		MetricsServerClient: {User: "metrics-server", CA: ClusterCA},
		KubeletClient:       {User: "system:node:preview", Groups: []string{"system:nodes"}, CA: ClusterCA},
		APIServerKubelet:    {User: "kube-apiserver-kubelet-client", CA: ClusterCA},
		APIServerEtcd:       {User: "kube-apiserver-etcd-client", CA: EtcdCA},
		FrontProxy:          {User: "front-proxy-client", CA: FrontProxyCA},
	}
	bundle := newBundle(t)
	got := map[string]identity{}
	for name := range want {
		cert := parse(t, bundle[name])
		i := identity{User: cert.Subject.CommonName, Groups: cert.Subject.Organization}
		for _, ca := range authorityNames {
			if verify(t, bundle, name, ca, x509.ExtKeyUsageClientAuth, "") == nil {
				i.CA += ca
			}
		}
		got[name] = i
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
}

func TestBundleComplete(t *testing.T) {
	t.Parallel()
	bundle := newBundle(t)
	if !bundle.Complete() {
		t.Error("a new bundle is not complete")
	}
	for name := range bundle {
		partial := maps.Clone(bundle)
		delete(partial, name)
		if partial.Complete() {
			t.Errorf("complete without %s", name)
		}
	}
}
