package config

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

var update = flag.Bool("update", false, "write the golden files anew")

func testParams(t *testing.T) Params {
	t.Helper()
	s, err := subnet.New(3)
	if err != nil {
		t.Fatal(err)
	}
	return Params{Name: "preview", Subnet: s, Runc: "/usr/sbin/runc", Programs: map[string]string{
		BuildKubernetes:    "kubernetes-1",
		BuildContainerd:    "containerd-1",
		BuildCNI:           "cni-1",
		BuildCoreDNS:       "coredns-1",
		BuildMetricsServer: "metrics-server-1",
	}}
}

// testBundle names each certificate instead of making one, so that files come
// out the same every time.
func testBundle() pki.Bundle {
	bundle := pki.Bundle{}
	for _, name := range append([]string{pki.ClusterCA}, pki.Clients...) {
		bundle[name] = pki.Pair{Cert: []byte(name + " certificate"), Key: []byte(name + " key")}
	}
	return bundle
}

// TestGolden compares what is rendered, files and arguments, with testdata; after a change on purpose: go test ./internal/config -update.
func TestGolden(t *testing.T) {
	t.Parallel()
	rendered, err := Files(testParams(t), testBundle())
	if err != nil {
		t.Fatal(err)
	}
	var arguments strings.Builder
	for _, c := range Components(testParams(t)) {
		arguments.WriteString(c.Name + "\n  " + strings.Join(c.Args, "\n  ") + "\n")
	}
	rendered["arguments.txt"] = []byte(arguments.String())

	for name, got := range rendered {
		if filepath.Ext(name) == ".kubeconfig" {
			continue // TestKubeconfig's.
		}
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestKubeconfig(t *testing.T) {
	t.Parallel()
	content, err := Kubeconfig(testParams(t), testBundle(), pki.Admin)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Cert []byte `json:"client-certificate-data"`
				Key  []byte `json:"client-key-data"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	parts := []string{
		got.Clusters[0].Cluster.Server, string(got.Clusters[0].Cluster.CA),
		string(got.Users[0].User.Cert), string(got.Users[0].User.Key),
	}
	want := []string{"https://10.195.0.2:6443", "ca certificate", "admin certificate", "admin key"}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("kubeconfig (-want +got):\n%s", diff)
	}
}

// TestComponents guards the order of the first start: a component that waits for
// an unknown or later one would wait for ever or in vain.
func TestComponents(t *testing.T) {
	t.Parallel()
	var started []string
	for _, c := range Components(testParams(t)) {
		for _, dependency := range c.After {
			if !slices.Contains(started, dependency) {
				t.Errorf("%s is to start after %s, which does not come before it", c.Name, dependency)
			}
		}
		if strings.HasPrefix(c.Probe, "https:") && c.ProbeCA == "" {
			t.Errorf("%s: nothing says whom to trust at %s", c.Name, c.Probe)
		}
		started = append(started, c.Name)
	}
}
