package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// recipe is an image that consists of one program of this module, and perhaps what it stands on.
type recipe struct {
	// Name of the image.
	Name string
	// Description for its labels.
	Description string
	// Package of the program, and Path of it in the image.
	Package, Path string
	// Scanner adds the program that parses what users upload.
	Scanner bool
	// User and group of the process, as uid:gid.
	User string
	// Rootfs is the script that builds the root file system under the program; none when empty.
	Rootfs string
	// WorkingDir of the process; the root when empty.
	WorkingDir string
	// Env besides PATH.
	Env []string
	// Certificates adds the host's certificate authorities.
	Certificates bool
}

// scannerPackage is the only program with C in it, and scannerPath where the gateway looks for it: beside itself.
const (
	scannerPackage = "./cmd/endpoint-scanner"
	scannerPath    = "/endpoint-scanner"
)

var recipes = []recipe{
	{
		Name: "preview-manager", Description: "Preview Operator: the manager",
		Package: "./cmd/manager", Path: "/manager", User: "65532:65532", Certificates: true,
	},
	{
		Name: "preview-gateway", Description: "Preview Operator: the HTTP gateway",
		Package: "./cmd/gateway", Path: "/gateway", User: "65532:65532", Certificates: true, Scanner: true,
	},
	{
		Name: "preview-runtime-python", Description: "Preview Operator: Python with FastAPI and the runner",
		Package: "./cmd/runner", Path: "/usr/local/bin/preview-runner", User: "10001:10001",
		Rootfs: "images/python/build-rootfs.sh", WorkingDir: "/workspace",
		Env: []string{"LANG=C.UTF-8", "PYTHONUNBUFFERED=1"},
	},
}

// created is the date of every image and every file in a layer that is made here, so that the same sources give the
// same digests.
var created = time.Unix(0, 0).UTC()

// builder makes images from recipes.
type builder struct {
	// Tag is stamped into programs and labels as their version.
	Tag string
	// Programs is the folder for compiled programs, Cache that for what takes long.
	Programs, Cache string
}

func (b builder) image(ctx context.Context, r recipe) (v1.Image, error) {
	program := filepath.Join(b.Programs, filepath.Base(r.Path))
	if err := b.compile(ctx, r.Package, program, withoutC); err != nil {
		return nil, err
	}
	var layers []v1.Layer
	if r.Rootfs != "" {
		base, err := b.rootfsLayer(ctx, r.Rootfs)
		if err != nil {
			return nil, err
		}
		layers = append(layers, base)
	}
	files := []layerFile{{Path: r.Path, Source: program, Mode: 0o755}}
	if r.Scanner {
		scanner := filepath.Join(b.Programs, filepath.Base(scannerPath))
		if err := b.compile(ctx, scannerPackage, scanner, withC); err != nil {
			return nil, err
		}
		files = append(files, layerFile{Path: scannerPath, Source: scanner, Mode: 0o755})
	}
	if _, err := os.Stat(hostCertificates); r.Certificates && err == nil {
		files = append(files, layerFile{Path: hostCertificates, Source: hostCertificates, Mode: 0o644})
	}
	top, err := fileLayer(files)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), append(layers, top)...)
	if err != nil {
		return nil, err
	}
	current, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(mutate.ConfigMediaType(image, types.OCIConfigJSON), b.config(r, current))
}

// config adds the description of the process to current, which lists the layers.
func (b builder) config(r recipe, current *v1.ConfigFile) *v1.ConfigFile {
	config := current.DeepCopy()
	config.Architecture, config.OS = runtime.GOARCH, "linux"
	config.Created = v1.Time{Time: created}
	for i := range config.History {
		config.History[i] = v1.History{Created: config.Created, CreatedBy: "hack/images"}
	}
	config.Config = v1.Config{
		User:       r.User,
		Entrypoint: []string{r.Path},
		WorkingDir: r.WorkingDir,
		Env:        append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, r.Env...),
		Labels: map[string]string{
			"org.opencontainers.image.title":       r.Name,
			"org.opencontainers.image.description": r.Description,
			"org.opencontainers.image.version":     b.Tag,
			"org.opencontainers.image.source":      "https://github.com/codebegen/preview-operator",
			"org.opencontainers.image.licenses":    "Apache-2.0",
		},
	}
	return config
}

// linking is how a program becomes a static one.
type linking struct {
	cgo, ldflags, tags string
}

var (
	withoutC = linking{cgo: "0"}
	// The C library's resolvers of hosts and users cannot be linked in; Go has its own.
	withC = linking{cgo: "1", ldflags: " -linkmode external -extldflags -static", tags: "netgo,osusergo"}
)

// compile builds a static program without paths or times of this machine in it.
func (b builder) compile(ctx context.Context, pkg, out string, l linking) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", l.tags,
		"-ldflags", "-s -w -X main.version="+b.Tag+l.ldflags, "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+l.cgo, "GOOS=linux")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", pkg, err)
	}
	return nil
}

// rootfsLayer returns the layer that script builds: from the cache when this version of the script was run before.
func (b builder) rootfsLayer(ctx context.Context, script string) (v1.Layer, error) {
	key, err := exec.CommandContext(ctx, script, "--key").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --key: %w", script, err)
	}
	name := "rootfs-" + strings.TrimSpace(string(key))
	compressed := filepath.Join(b.Cache, name+".tar.gz")
	if _, err := os.Stat(compressed); err == nil {
		return cachedLayer(compressed)
	}
	fmt.Fprintf(os.Stderr, "    building the root file system (about a minute, cached in %s)\n", compressed)
	plain := filepath.Join(b.Cache, name+".tar")
	cmd := exec.CommandContext(ctx, script, plain)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	// Asked, not killed: the script removes its temporary files when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", script, err)
	}
	if err := compress(plain, compressed); err != nil {
		return nil, err
	}
	if err := os.Remove(plain); err != nil {
		return nil, err
	}
	return cachedLayer(compressed)
}
