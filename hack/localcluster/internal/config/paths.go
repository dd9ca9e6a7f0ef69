// Package config renders what the programs of the node are started with: their
// arguments, their configuration files and the objects the cluster begins with.
// Everything here is a pure function of Params.
package config

// Inside the node's mount namespace the state folder and the cache of programs
// always lie at these places, wherever they are on the host: configuration does
// not depend on where the user keeps his files, and socket paths stay short.
const (
	StateDir = "/run/localcluster/state"
	BinDir   = "/run/localcluster/bin"
	// ControlSocket is where the supervisor takes orders.
	ControlSocket = "/run/localcluster/control.sock"

	containerdSocket = "/run/containerd/containerd.sock"
	// volumesDir holds the folders behind the PersistentVolumes.
	volumesDir = "/var/lib/volumes"
)

// Layout of the state folder.
const (
	PKIDir    = "pki"
	ConfigDir = "config"
	LogDir    = "logs"
	// VarLibDir and VarLogDir are what the node sees as /var/lib and /var/log.
	VarLibDir = "var/lib"
	VarLogDir = "var/log"
)

// PauseImage is the image of every pod's sandbox.
const PauseImage = "docker.io/localcluster/pause:1"
