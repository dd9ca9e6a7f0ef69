// Package assets builds the programs of the cluster from Go modules and keeps
// them in a cache outside the checkout.
package assets

import (
	"fmt"
	"strings"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

const kubernetesVersion = "1.36.3"

// build is one `go build`: the programs that come out of one module together.
type build struct {
	name, version string
	// dir is the module's folder below the source folder.
	dir string
	// packages to build; each gives one program.
	packages []string
	tags     string
	ldflags  string
	// links are further names of the one program that decides by its name what it is.
	links []string
	// finish completes the folder once the programs are in it.
	finish func(dir string) error
}

func builds() []build {
	const (
		containerd = "github.com/containerd/containerd/v2/cmd/"
		cni        = "github.com/containernetworking/plugins/plugins/"
	)
	return []build{
		{
			name:     config.BuildKubernetes,
			version:  kubernetesVersion,
			dir:      "third_party/kubernetes",
			packages: []string{"."},
			ldflags:  kubernetesVersionFlags(kubernetesVersion),
			links: []string{
				"etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet",
			},
		},
		{
			name:     config.BuildContainerd,
			version:  "2.4.2",
			dir:      "third_party/containerd",
			packages: []string{containerd + "containerd", containerd + "containerd-shim-runc-v2", containerd + "ctr"},
			ldflags:  "-X github.com/containerd/containerd/v2/version.Version=v2.4.2",
			// Snapshotters the cluster does not use.
			tags: "no_btrfs,no_devmapper,no_zfs",
		},
		{
			name:     config.BuildCNI,
			version:  "1.9.1",
			dir:      "third_party/cni",
			packages: []string{cni + "ipam/host-local", cni + "main/ptp", cni + "meta/portmap"},
		},
		{
			name:     config.BuildCoreDNS,
			version:  "1.15.0",
			dir:      "third_party/coredns",
			packages: []string{"."},
			tags:     "grpcnotrace",
		},
		{
			name:     config.BuildMetricsServer,
			version:  "0.9.0",
			dir:      "third_party/metrics-server",
			packages: []string{"sigs.k8s.io/metrics-server/cmd/metrics-server"},
			ldflags:  kubernetesVersionFlags("0.9.0"),
		},
		{
			name:     config.BuildPause,
			version:  "1",
			dir:      "pause",
			packages: []string{"."},
			finish:   writePauseImage,
		},
	}
}

// kubernetesVersionFlags sets what programs made with k8s.io/component-base
// report as their version; clients compare it.
func kubernetesVersionFlags(version string) string {
	const pkg = "k8s.io/component-base/version."
	parts := strings.SplitN(version, ".", 3)
	return fmt.Sprintf("-X %[1]sgitVersion=v%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s -X %[1]sgitTreeState=clean",
		pkg, version, parts[0], parts[1])
}
