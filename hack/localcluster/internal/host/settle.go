package host

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/assets"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/node"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
)

// readyLimit is several times what a loaded machine of two cores takes.
const readyLimit = 3 * time.Minute

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
		if _, err := c.order(ctx, http.MethodPost, "/components/"+s.Name+"/"+node.ActionStart); err != nil {
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
		dir := c.path(config.VolumeDir(volume))
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("empty volume %s: %w", volume, err)
		}
		for _, e := range entries {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("empty volume %s: %w", volume, err)
			}
		}
		if err := a.freeVolume(ctx, volume); err != nil {
			return fmt.Errorf("free volume %s: %w", volume, err)
		}
	}
	return nil
}
