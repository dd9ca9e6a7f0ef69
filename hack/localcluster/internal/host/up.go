package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/assets"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/iproute"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/node"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// readyLimit is several times what a loaded machine of two cores takes.
const readyLimit = 3 * time.Minute

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

// claimSubnet takes the plan the cluster had before, or any that is free.
func (c *Cluster) claimSubnet(old *record) (subnet.Subnet, error) {
	if old != nil {
		s, err := subnet.New(old.Subnet)
		if err != nil {
			return s, err
		}
		err = c.claim(s)
		if errors.Is(err, errTaken) {
			return s, fmt.Errorf("another cluster has taken the addresses %s of this one; remove either with down", s.Range())
		}
		return s, err
	}
	routes, err := iproute.Routes()
	if err != nil {
		return subnet.Subnet{}, err
	}
	for _, s := range subnet.Candidates(c.Name, append(narrow(routes), c.reserved()...)) {
		if err := c.claim(s); !errors.Is(err, errTaken) {
			return s, err
		}
	}
	return subnet.Subnet{}, errors.New("no range of addresses is free: remove clusters with down")
}

// narrow leaves out routes so wide that they say where a site's network is, not
// that an address is in use; a VPN often claims all of 10.0.0.0/8.
func narrow(routes []netip.Prefix) []netip.Prefix {
	const wide = 12
	var kept []netip.Prefix
	for _, r := range routes {
		if r.Bits() > wide {
			kept = append(kept, r)
		}
	}
	return kept
}

// reserved lists the ranges of clusters beside this one that are not running but
// will want their addresses back.
func (c *Cluster) reserved() []netip.Prefix {
	records, err := filepath.Glob(filepath.Join(c.StateDir, "*", recordFile))
	if err != nil {
		return nil
	}
	var ranges []netip.Prefix
	for _, path := range records {
		other := &Cluster{dir: filepath.Dir(path)}
		if r := other.readRecord(); r != nil {
			if s, err := subnet.New(r.Subnet); err == nil {
				ranges = append(ranges, s.Range())
			}
		}
	}
	return ranges
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

// settle waits until everything works and puts in what every cluster begins with.
func (c *Cluster) settle(ctx context.Context, p config.Params, bundle pki.Bundle) error {
	if err := c.startStopped(ctx); err != nil {
		return err
	}
	if err := c.await(ctx, config.APIServer, config.Containerd); err != nil {
		return err
	}
	pause := filepath.Join(c.Cache.Dir, p.Programs[config.BuildPause], assets.PauseArchive)
	if err := c.Load(ctx, pause); err != nil {
		return err
	}
	if err := c.applyObjects(ctx); err != nil {
		return err
	}
	if err := c.await(ctx); err != nil {
		return err
	}
	a, err := newAPI(p, bundle)
	if err != nil {
		return err
	}
	if err := poll(ctx, readyLimit, func() error { return a.usable(ctx, c.Name) }); err != nil {
		return fmt.Errorf("%w\n%s", err, c.tail(config.Kubelet))
	}
	return c.freeVolumes(ctx, a)
}

// startStopped starts what was stopped by name and waits for the supervisor.
func (c *Cluster) startStopped(ctx context.Context) error {
	var statuses []node.Status
	err := poll(ctx, readyLimit, func() (err error) {
		statuses, err = c.Components(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("the node did not start: %w\n%s", err, c.tail("node"))
	}
	for _, s := range statuses {
		if s.Wanted {
			continue
		}
		if _, err := c.order(ctx, "POST", "/components/"+s.Name+"/"+node.ActionStart); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) await(ctx context.Context, components ...string) error {
	err := poll(ctx, readyLimit, func() error { return c.ready(ctx, components...) })
	if err != nil {
		return fmt.Errorf("the cluster did not become ready: %w", err)
	}
	return nil
}

// applyObjects is repeated because the first attempts may come before the API
// server has set up the roles and namespaces they refer to.
func (c *Cluster) applyObjects(ctx context.Context) error {
	return poll(ctx, readyLimit, func() error {
		cmd, err := c.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-f", c.path(config.ConfigDir, config.ObjectsFile))
		if err != nil {
			return finalError{err}
		}
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apply the first objects: %w\n%s", err, output)
		}
		return nil
	})
}

// freeVolumes empties the volumes whose claims are gone, so that others can have them.
func (c *Cluster) freeVolumes(ctx context.Context, a *api) error {
	released, err := a.releasedVolumes(ctx)
	if err != nil {
		return err
	}
	for _, volume := range released {
		entries, err := filepath.Glob(c.path(config.VolumeDir(volume), "*"))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := os.RemoveAll(e); err != nil {
				return fmt.Errorf("empty volume %s: %w", volume, err)
			}
		}
		if err := a.freeVolume(ctx, volume); err != nil {
			return fmt.Errorf("free volume %s: %w", volume, err)
		}
	}
	return nil
}
