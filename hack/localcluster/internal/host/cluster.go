// Package host is a cluster seen from the machine it runs on: it makes the
// namespaces, the cable to them and the state folder, and takes them away again.
package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/assets"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// Options says which cluster is meant and where things are kept.
type Options struct {
	Name string
	// StateDir holds one folder per cluster.
	StateDir string
	Cache    assets.Cache
	Progress *assets.Progress
}

// Cluster is one local cluster, running or not.
type Cluster struct {
	Options
	// dir is the cluster's state folder.
	dir string
}

// nameFormat is what a node may be called, and short enough for a host name.
var nameFormat = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// New checks the options; nothing is touched yet.
func New(o Options) (*Cluster, error) {
	if !nameFormat.MatchString(o.Name) {
		return nil, fmt.Errorf("cluster name %q: use at most 40 lower-case letters, digits and dashes", o.Name)
	}
	stateDir, err := filepath.Abs(o.StateDir)
	if err != nil {
		return nil, err
	}
	o.StateDir = stateDir
	return &Cluster{Options: o, dir: filepath.Join(stateDir, o.Name)}, nil
}

// Dir is the state folder of the cluster.
func (c *Cluster) Dir() string { return c.dir }

// Kubeconfig is the path of the administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.path("kubeconfig") }

func (c *Cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.dir}, elements...)...)
}

// record is what has to be known of a cluster to find it again, from cluster.json.
type record struct {
	// Subnet is the index of its address plan.
	Subnet int `json:"subnet"`
	// Programs are the builds it was started with.
	Programs map[string]string `json:"programs"`
	Runc     string            `json:"runc"`
	// Configuration is a hash of the rendered files and arguments.
	Configuration string `json:"configuration"`
}

const recordFile = "cluster.json"

// readRecord returns nil if there is none that can be read: a file that was cut
// off is as good as no file, for `up` writes it again.
func (c *Cluster) readRecord() *record {
	content, err := os.ReadFile(c.path(recordFile))
	if err != nil {
		return nil
	}
	var r record
	if err := json.Unmarshal(content, &r); err != nil {
		return nil
	}
	if _, err := subnet.New(r.Subnet); err != nil {
		return nil
	}
	return &r
}

func (c *Cluster) params(r record) (config.Params, error) {
	s, err := subnet.New(r.Subnet)
	if err != nil {
		return config.Params{}, err
	}
	return config.Params{Name: c.Name, Subnet: s, Programs: r.Programs, Runc: r.Runc}, nil
}

// Params reads back what the cluster was started with.
func (c *Cluster) Params() (config.Params, error) {
	r := c.readRecord()
	if r == nil {
		return config.Params{}, fmt.Errorf("there is no cluster %q; make one with: localcluster --name %s up", c.Name, c.Name)
	}
	return c.params(*r)
}

func (c *Cluster) writeJSON(name string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(c.path(name), append(content, '\n'), 0o644)
}

// writeFile replaces a file in one step.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	partial := path + ".partial"
	if err := os.WriteFile(partial, content, mode); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// lock keeps up and down of one cluster apart. Its file is removed with the
// cluster, so whoever waited must check that it got hold of the one in place.
func (c *Cluster) lock() (unlock func(), err error) {
	if err := os.MkdirAll(c.StateDir, 0o755); err != nil {
		return nil, err
	}
	for {
		file, err := os.OpenFile(c.lockPath(), os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			return nil, errors.Join(fmt.Errorf("lock cluster %s: %w", c.Name, err), file.Close())
		}
		mine, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if current, err := os.Stat(c.lockPath()); err == nil && os.SameFile(mine, current) {
			return func() { file.Close() }, nil
		}
		file.Close()
	}
}

func (c *Cluster) lockPath() string { return c.dir + ".lock" }
