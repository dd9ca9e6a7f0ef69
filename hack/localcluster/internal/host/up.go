package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// Up makes the cluster exist and work, whatever state it was in before.
func (c *Cluster) Up(ctx context.Context) error {
	began := time.Now()
	runc, err := checkMachine()
	if err != nil {
		return err
	}
	programs, err := c.Cache.Ensure(ctx)
	if err != nil {
		return err
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()

	p, bundle, err := c.ensureNode(ctx, programs, runc)
	if err != nil {
		return err
	}
	if err := c.settle(ctx, p, bundle); err != nil {
		return err
	}
	c.Progress.Say("cluster %s is up after %s: %s", c.Name, time.Since(began).Round(100*time.Millisecond), p.APIServerURL())
	c.Progress.Say("export KUBECONFIG=%s", c.Kubeconfig())
	return nil
}

// checkMachine finds out what is missing before anything is built or changed.
func checkMachine() (runc string, err error) {
	if os.Geteuid() != 0 {
		return "", errors.New("a cluster needs root, for namespaces and cgroups")
	}
	packages := map[string]string{
		"runc": "runc", "iptables": "iptables", "ip": "iproute2", "nsenter": "util-linux",
	}
	var missing []string
	for program, name := range packages {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("missing programs; install them with: hack/deps.sh %s", strings.Join(missing, " "))
	}
	return exec.LookPath("runc")
}

// ensureNode leaves a node running that was started with just this
// configuration, connected to the host.
func (c *Cluster) ensureNode(ctx context.Context, programs map[string]string, runc string) (config.Params, pki.Bundle, error) {
	old := c.readRecord()
	if old != nil && c.node().alive() {
		p, bundle, ok, err := c.running(*old, programs, runc)
		if err != nil || ok {
			return p, bundle, err
		}
		c.Progress.Say("restarting the node: its programs, configuration or connection have changed")
	}
	if err := c.stopNode(ctx); err != nil {
		return config.Params{}, nil, err
	}
	if err := c.clean(ctx, old); err != nil {
		return config.Params{}, nil, err
	}
	return c.boot(ctx, old, record{Programs: programs, Runc: runc})
}

// running tells whether the living node is as one started now would be.
func (c *Cluster) running(old record, programs map[string]string, runc string) (config.Params, pki.Bundle, bool, error) {
	wanted := record{Subnet: old.Subnet, Programs: programs, Runc: runc}
	p, err := c.params(wanted)
	if err != nil {
		return p, nil, false, err
	}
	bundle, err := c.bundle(p)
	if err != nil {
		return p, nil, false, err
	}
	files, err := config.Files(p, bundle)
	if err != nil {
		return p, nil, false, err
	}
	same := maps.Equal(old.Programs, programs) && old.Configuration == configurationHash(p, files)
	return p, bundle, same && c.connected(p.Subnet), nil
}

// boot starts a node from a clean machine.
func (c *Cluster) boot(ctx context.Context, old *record, r record) (config.Params, pki.Bundle, error) {
	s, err := c.claimSubnet(old)
	if err != nil {
		return config.Params{}, nil, err
	}
	r.Subnet = s.Index()
	p, bundle, err := c.bootOn(s, r)
	if err != nil {
		// Left in place, a half-made cable would keep the plan from everybody.
		return p, nil, errors.Join(err, c.stopNode(ctx), c.disconnect(s))
	}
	return p, bundle, nil
}

func (c *Cluster) bootOn(s subnet.Subnet, r record) (config.Params, pki.Bundle, error) {
	p, err := c.params(r)
	if err != nil {
		return p, nil, err
	}
	bundle, err := c.bundle(p)
	if err != nil {
		return p, nil, err
	}
	files, err := config.Files(p, bundle)
	if err != nil {
		return p, nil, err
	}
	if err := c.writeState(p, files); err != nil {
		return p, nil, fmt.Errorf("write the state folder: %w", err)
	}
	r.Configuration = configurationHash(p, files)
	if err := c.writeJSON(recordFile, r); err != nil {
		return p, nil, err
	}
	if err := createCgroups(s.CgroupRoot()); err != nil {
		return p, nil, err
	}
	if err := raiseKernelLimits(); err != nil {
		return p, nil, err
	}
	started, proceed, err := c.startNode()
	if err != nil {
		return p, nil, err
	}
	if err := joinCgroups(s.CgroupRoot(), started); err != nil {
		return p, nil, err
	}
	if err := connect(s, started); err != nil {
		return p, nil, err
	}
	return p, bundle, proceed()
}

// raiseKernelLimits: every followed log and every component watches files, and
// the default allows 128 watchers for all of them together.
func raiseKernelLimits() error {
	for name, wanted := range map[string]int{
		"max_user_instances": 8192,
		"max_user_watches":   524288,
	} {
		path := "/proc/sys/fs/inotify/" + name
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		current, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if current >= wanted {
			continue
		}
		if err := os.WriteFile(path, []byte(strconv.Itoa(wanted)), 0); err != nil {
			return fmt.Errorf("raise %s: %w", path, err)
		}
	}
	return nil
}
