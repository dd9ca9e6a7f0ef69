// Package image reads and writes OCI archives.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// refName is the annotation by which an OCI archive names its images.
const refName = "org.opencontainers.image.ref.name"

// WriteSingleBinary writes an OCI archive with an image whose only file is the
// given static program.
func WriteSingleBinary(archive, name, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	entry := "/" + filepath.Base(program)
	var layerTar bytes.Buffer
	w := tar.NewWriter(&layerTar)
	if err := w.WriteHeader(&tar.Header{Name: path.Base(entry), Mode: 0o755, Size: int64(len(content))}); err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}

	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layerTar.Bytes())), nil
	})
	if err != nil {
		return fmt.Errorf("make layer: %w", err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return fmt.Errorf("append layer: %w", err)
	}
	configFile, err := img.ConfigFile()
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	configFile = configFile.DeepCopy()
	configFile.OS = runtime.GOOS
	configFile.Architecture = runtime.GOARCH
	configFile.Config = v1.Config{Entrypoint: []string{entry}}
	img, err = mutate.ConfigFile(img, configFile)
	if err != nil {
		return fmt.Errorf("set configuration: %w", err)
	}
	return writeArchive(archive, name, img)
}

// writeArchive writes img as the one image of an OCI archive. The library writes
// layouts only, so that goes to a folder beside the archive first.
func writeArchive(archive, name string, img v1.Image) error {
	dir, err := os.MkdirTemp(filepath.Dir(archive), ".layout-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	target, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("write image layout: %w", err)
	}
	if err := target.AppendImage(img, layout.WithAnnotations(map[string]string{refName: name})); err != nil {
		return fmt.Errorf("write image: %w", err)
	}

	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer out.Close()
	w := tar.NewWriter(out)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		return fmt.Errorf("archive image: %w", err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	return out.Close()
}
