package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// hostCertificates is where Debian keeps the certificate authorities, and one of the places Go looks for them.
const hostCertificates = "/etc/ssl/certs/ca-certificates.crt"

// layerFile is one file of a layer, owned by root.
type layerFile struct {
	// Path in the image, Source on this machine.
	Path, Source string
	Mode         int64
}

// fileLayer packs files, with the folders above them.
func fileLayer(files []layerFile) (v1.Layer, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	folders := map[string]bool{}
	for _, file := range files {
		if err := writeFolders(w, path.Dir(file.Path), folders); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(file.Source)
		if err != nil {
			return nil, err
		}
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: strings.TrimPrefix(file.Path, "/"), Size: int64(len(content)),
			Mode: file.Mode, ModTime: created, Format: tar.FormatPAX,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.BestSpeed),
		tarball.WithCompressedCaching,
	)
}

// writeFolders writes dir and those above it, once each.
func writeFolders(w *tar.Writer, dir string, written map[string]bool) error {
	if dir == "/" || written[dir] {
		return nil
	}
	if err := writeFolders(w, path.Dir(dir), written); err != nil {
		return err
	}
	written[dir] = true
	return w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: 0o755, ModTime: created, Format: tar.FormatPAX,
	})
}

// cachedLayer is a layer that stands compressed on disk.
func cachedLayer(compressed string) (v1.Layer, error) {
	return tarball.LayerFromFile(compressed, tarball.WithMediaType(types.OCILayer))
}

// compress writes the tar archive at plain to out, which appears whole or not at all.
func compress(plain, out string) (err error) {
	in, err := os.Open(plain)
	if err != nil {
		return err
	}
	defer in.Close()
	return writeWhole(out, func(w io.Writer) error {
		// Loading is bound by decompression and disk, and nobody downloads this layer: speed before size.
		zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return err
		}
		if _, err := io.Copy(zip, in); err != nil {
			return err
		}
		return zip.Close()
	})
}

// writeWhole lets write fill a file beside path that replaces it once it is complete.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	partial, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			partial.Close()
			os.Remove(partial.Name())
		}
	}()
	if err := write(partial); err != nil {
		return err
	}
	if err := partial.Chmod(0o644); err != nil {
		return err
	}
	if err := partial.Close(); err != nil {
		return err
	}
	return os.Rename(partial.Name(), name)
}
