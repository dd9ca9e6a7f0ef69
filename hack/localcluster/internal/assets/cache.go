package assets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
)

// Cache is the folder of finished builds.
type Cache struct {
	// Dir holds one folder per build.
	Dir string
	// Source is the folder of this module's own sources.
	Source string
	// Progress tells the user what is being built.
	Progress *Progress
}

// Ensure builds what is missing and returns the folder of every build, below
// Dir, by the build's name.
func (c Cache) Ensure(ctx context.Context) (map[string]string, error) {
	return c.ensure(ctx, builds())
}

// EnsureKubernetes builds only the Kubernetes programs and returns the absolute
// path of their folder, which suits envtest's KUBEBUILDER_ASSETS.
func (c Cache) EnsureKubernetes(ctx context.Context) (string, error) {
	all := builds()
	folders, err := c.ensure(ctx, all[:1])
	if err != nil {
		return "", err
	}
	return filepath.Join(c.Dir, folders[config.BuildKubernetes]), nil
}

func (c Cache) ensure(ctx context.Context, wanted []build) (map[string]string, error) {
	folders := map[string]string{}
	for i, b := range wanted {
		folder, err := b.folder(c.Source)
		if err != nil {
			return nil, fmt.Errorf("%w (is --source the folder hack/localcluster of the checkout?)", err)
		}
		folders[b.name] = folder
		step := fmt.Sprintf("[%d/%d] %s %s", i+1, len(wanted), b.name, b.version)
		if err := c.ensureOne(ctx, b, filepath.Join(c.Dir, folder), step); err != nil {
			return nil, fmt.Errorf("build %s %s: %w", b.name, b.version, err)
		}
	}
	return folders, nil
}

// ensureOne makes dir appear in one rename, under a lock: a run that is cut off
// leaves nothing half done, and two at once build once.
func (c Cache) ensureOne(ctx context.Context, b build, dir, step string) error {
	if exists(dir) {
		return nil
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(c.Dir, "."+b.name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		c.Progress.Say("%s: waiting for another run that is building it", step)
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
	}
	if exists(dir) {
		return nil
	}

	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := c.compile(ctx, b, partial, step); err != nil {
		return err
	}
	for _, link := range b.links {
		if err := os.Symlink(b.name, filepath.Join(partial, link)); err != nil {
			return err
		}
	}
	if b.finish != nil {
		if err := b.finish(partial); err != nil {
			return err
		}
	}
	return os.Rename(partial, dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
