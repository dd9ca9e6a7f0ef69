package config

import (
	"path"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// Params is all that distinguishes one cluster's configuration from another's.
type Params struct {
	// Name is the cluster's, and its node's.
	Name   string
	Subnet subnet.Subnet
	// Programs maps a build to its folder below BinDir.
	Programs map[string]string
	// Runc is the absolute path of the host's runc.
	Runc string
}

// Names of the builds in Params.Programs.
const (
	BuildKubernetes    = "kubernetes"
	BuildContainerd    = "containerd"
	BuildCNI           = "cni"
	BuildCoreDNS       = "coredns"
	BuildMetricsServer = "metrics-server"
	BuildPause         = "pause"
)

// Program is the path of a program inside the node.
func (p Params) Program(build, name string) string {
	return path.Join(BinDir, p.Programs[build], name)
}

func certPath(name string) string       { return path.Join(StateDir, PKIDir, name+".crt") }
func keyPath(name string) string        { return path.Join(StateDir, PKIDir, name+".key") }
func kubeconfigPath(name string) string { return path.Join(StateDir, ConfigDir, name+".kubeconfig") }
func filePath(name string) string       { return path.Join(StateDir, ConfigDir, name) }
