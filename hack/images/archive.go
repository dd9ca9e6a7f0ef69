package main

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Annotations that tell importers the name of an image: containerd reads the first, others the tag in the second.
const (
	annotationContainerdName = "io.containerd.image.name"
	annotationRefName        = "org.opencontainers.image.ref.name"
)

// writeArchive writes image as an OCI archive, a tar of the OCI image layout, and returns the digest of its manifest.
func writeArchive(path, name string, image v1.Image) (v1.Hash, error) {
	manifest, err := image.RawManifest()
	if err != nil {
		return v1.Hash{}, err
	}
	digest, err := image.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	index, err := json.Marshal(v1.IndexManifest{
		SchemaVersion: 2,
		MediaType:     types.OCIImageIndex,
		Manifests: []v1.Descriptor{{
			MediaType: types.OCIManifestSchema1,
			Size:      int64(len(manifest)),
			Digest:    digest,
			Annotations: map[string]string{
				annotationContainerdName: name,
				annotationRefName:        name[strings.LastIndex(name, ":")+1:],
			},
		}},
	})
	if err != nil {
		return v1.Hash{}, err
	}
	return digest, writeWhole(path, func(out io.Writer) error {
		w := archiveWriter{tar.NewWriter(out)}
		if err := w.bytes("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
			return err
		}
		if err := w.bytes("index.json", index); err != nil {
			return err
		}
		if err := w.bytes(blobPath(digest), manifest); err != nil {
			return err
		}
		if err := w.content(image); err != nil {
			return err
		}
		return w.tar.Close()
	})
}

func blobPath(digest v1.Hash) string { return fmt.Sprintf("blobs/%s/%s", digest.Algorithm, digest.Hex) }

// archiveWriter writes the files of an image layout.
type archiveWriter struct{ tar *tar.Writer }

// content writes the configuration and the layers of image.
func (w archiveWriter) content(image v1.Image) error {
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	name, err := image.ConfigName()
	if err != nil {
		return err
	}
	if err := w.bytes(blobPath(name), config); err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		if err := w.layer(layer); err != nil {
			return err
		}
	}
	return nil
}

func (w archiveWriter) layer(layer v1.Layer) error {
	digest, err := layer.Digest()
	if err != nil {
		return err
	}
	size, err := layer.Size()
	if err != nil {
		return err
	}
	content, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer content.Close()
	if err := w.header(blobPath(digest), size); err != nil {
		return err
	}
	_, err = io.Copy(w.tar, content)
	return err
}

func (w archiveWriter) bytes(name string, content []byte) error {
	if err := w.header(name, int64(len(content))); err != nil {
		return err
	}
	_, err := w.tar.Write(content)
	return err
}

func (w archiveWriter) header(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: created, Format: tar.FormatPAX,
	})
}
