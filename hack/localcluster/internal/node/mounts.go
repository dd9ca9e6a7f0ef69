package node

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

// setUpMounts gives the node its own view of the file system. /run, /var/lib and
// /var/log are the cluster's own, so that programs with fixed paths write into
// the state folder; everything else is the host's.
func setUpMounts(stateDir, binDir string) error {
	// Nothing mounted here may show up on the host.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	// Opened first: the mounts below may cover the places they lie at.
	state, err := openDir(stateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	bin, err := openDir(binDir)
	if err != nil {
		return err
	}
	defer bin.Close()

	if err := mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	if err := mount("tmpfs", "/run", "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	if err := ownSysfs(); err != nil {
		return err
	}
	for _, b := range []struct{ source, target string }{
		{fdPath(state), config.StateDir},
		{fdPath(bin), config.BinDir},
		{filepath.Join(config.StateDir, config.VarLibDir), "/var/lib"},
		{filepath.Join(config.StateDir, config.VarLogDir), "/var/log"},
	} {
		if err := os.MkdirAll(b.target, 0o755); err != nil {
			return err
		}
		if err := mount(b.source, b.target, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	// Volumes that a pod mounts with propagation need a shared tree.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("make mounts shared: %w", err)
	}
	return nil
}

// ownSysfs shows the network devices of the node instead of the host's, below
// the same cgroups.
func ownSysfs() error {
	const aside = "/run/cgroup"
	if err := os.Mkdir(aside, 0o755); err != nil {
		return err
	}
	if err := mount("/sys/fs/cgroup", aside, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return err
	}
	if err := mount("sysfs", "/sys", "sysfs", 0, ""); err != nil {
		return err
	}
	if err := mount(aside, "/sys/fs/cgroup", "", syscall.MS_MOVE, ""); err != nil {
		return err
	}
	return os.Remove(aside)
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := syscall.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mount %s at %s: %w", source, target, err)
	}
	return nil
}

// openDir holds on to a folder without needing to read it.
func openDir(dir string) (*os.File, error) {
	return os.OpenFile(dir, syscall.O_DIRECTORY, 0)
}

func fdPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
