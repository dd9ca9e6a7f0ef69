package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/subnet"
)

// Down removes the cluster and everything it has put on the machine. It does not
// mind parts that are missing.
func (c *Cluster) Down(ctx context.Context) error {
	if !exists(c.dir) && !exists(c.lockPath()) {
		c.Progress.Say("there is no cluster %s", c.Name)
		return nil
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()

	if err := c.stopNode(ctx); err != nil {
		return err
	}
	if err := c.clean(ctx, c.readRecord()); err != nil {
		return err
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("remove the state folder: %w", err)
	}
	c.Progress.Say("cluster %s is gone", c.Name)
	return os.Remove(c.lockPath())
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// clean removes what a node that has ended leaves on the host.
func (c *Cluster) clean(ctx context.Context, r *record) error {
	// Every plan is looked at, for a run that was cut off may have claimed one
	// without writing down which.
	for i := range subnet.Count {
		s, err := subnet.New(i)
		if err != nil {
			return err
		}
		if err := c.disconnect(s); err != nil {
			return err
		}
	}
	if r == nil {
		return nil
	}
	s, err := subnet.New(r.Subnet)
	if err != nil {
		return err
	}
	// A cluster kept elsewhere may have taken the plan, and its cgroup with it,
	// while this one was not running.
	if linkExists(s.Link()) {
		return nil
	}
	return removeCgroups(ctx, s.CgroupRoot())
}
