package host

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cgroupMounts lists where the hierarchies are mounted: one on cgroup v2, one for
// each controller on v1, both kinds on a hybrid machine.
func cgroupMounts() ([]string, error) {
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	defer mounts.Close()
	return parseCgroupMounts(mounts)
}

func parseCgroupMounts(mounts io.Reader) ([]string, error) {
	var dirs []string
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 2 && (fields[2] == "cgroup" || fields[2] == "cgroup2") {
			dirs = append(dirs, fields[1])
		}
	}
	return dirs, lines.Err()
}

// createCgroups makes the cgroup the kubelet is told to put pods below, which it
// insists on in every hierarchy, and beside the pods' one for the node itself.
func createCgroups(root string) error {
	mounts, err := cgroupMounts()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		for _, dir := range []string{filepath.Join(m, root), nodeCgroup(m, root)} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("create cgroup: %w", err)
			}
			if err := inheritCPUs(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func nodeCgroup(mount, root string) string { return filepath.Join(mount, root, "node") }

// inheritCPUs fills in what a new cgroup of cgroup v1's cpuset lacks; until then
// it takes no process.
func inheritCPUs(dir string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(filepath.Dir(dir), name))
		if errors.Is(err, fs.ErrNotExist) || len(bytes.TrimSpace(value)) == 0 {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), value, 0); err != nil {
			return fmt.Errorf("set up cgroup: %w", err)
		}
	}
	return nil
}

// joinCgroups moves the node out of the cgroup of whoever called up: it must not
// end with a login session, nor share its limits.
func joinCgroups(root string, node process) error {
	mounts, err := cgroupMounts()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		procs := filepath.Join(nodeCgroup(m, root), "cgroup.procs")
		if err := os.WriteFile(procs, []byte(strconv.Itoa(node.PID)), 0); err != nil {
			return fmt.Errorf("move the node to its cgroup: %w", err)
		}
	}
	return nil
}

// removeCgroups removes what the pods of a cluster that has ended left behind.
func removeCgroups(ctx context.Context, root string) error {
	mounts, err := cgroupMounts()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		// The kernel lets go of a cgroup some time after its last process.
		if err := poll(ctx, 10*time.Second, func() error { return removeCgroup(filepath.Join(m, root)) }); err != nil {
			return fmt.Errorf("remove cgroup: %w", err)
		}
	}
	return nil
}

func removeCgroup(dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range slices.Backward(dirs) {
		if err := os.Remove(d); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
