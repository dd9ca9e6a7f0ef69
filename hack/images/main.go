// Command images builds the project's container images as OCI archives, without a container engine: what the
// Dockerfiles in images/ describe, for machines that have nothing but Go and Debian.
//
//	go run ./hack/images -tag dev            all of them, into dist/images
//	go run ./hack/images -tag dev manager    one
//
// It prints a line of path, name and digest for each; progress goes to standard error. The same sources give the same
// bytes. What takes long, the root file system of the Python runtime, is kept compressed in the user's cache, by a key
// of its recipe.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		stop()
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	repository := flags.String("repository", "docker.io/codebegen", "registry and `folder` in the names of the images")
	tag := flags.String("tag", "dev", "`tag` of the images, and version of the programs in them")
	out := flags.String("out", "dist/images", "`folder` for the archives")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted, err := selected(flags.Args())
	if err != nil {
		return err
	}
	// Kept: go build leaves a program alone that is up to date.
	programs := filepath.Join(*out, "programs")
	if err := os.MkdirAll(programs, 0o755); err != nil {
		return err
	}
	b := builder{Tag: *tag, Programs: programs}
	if b.Cache, err = cacheDir(); err != nil {
		return err
	}
	start := time.Now()
	for i, recipe := range wanted {
		fmt.Fprintf(os.Stderr, "    [%d/%d] image %s (%d s)\n", i+1, len(wanted), recipe.Name, int(time.Since(start).Seconds()))
		image, err := b.image(ctx, recipe)
		if err != nil {
			return fmt.Errorf("image %s: %w", recipe.Name, err)
		}
		name := fmt.Sprintf("%s/%s:%s", strings.TrimSuffix(*repository, "/"), recipe.Name, *tag)
		path := filepath.Join(*out, recipe.Name+".tar")
		digest, err := writeArchive(path, name, image)
		if err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		fmt.Println(path, name, digest)
	}
	return nil
}

// selected returns the recipes that are called names, with or without their prefix, and all when there are none.
func selected(names []string) ([]recipe, error) {
	if len(names) == 0 {
		return recipes, nil
	}
	var out []recipe
	for _, name := range names {
		i := slices.IndexFunc(recipes, func(r recipe) bool { return r.Name == name || r.Name == "preview-"+name })
		if i < 0 {
			return nil, fmt.Errorf("there is no image %q", name)
		}
		out = append(out, recipes[i])
	}
	return out, nil
}

// cacheDir is where builds are kept that outlive a checkout.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "preview-operator", "images")
	return dir, os.MkdirAll(dir, 0o755)
}
