package image

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// containerdName is the annotation that containerd prefers to refName.
const containerdName = "io.containerd.image.name"

// maxIndex bounds the index read into memory.
const maxIndex = 1 << 20

// Contents reads which images an OCI archive holds: their digests by name.
func Contents(archive string) (map[string]string, error) {
	file, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer file.Close()

	files := tar.NewReader(file)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s has no index.json: it is not an OCI archive", archive)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", archive, err)
		}
		if path.Clean(header.Name) == "index.json" {
			return parseIndex(archive, io.LimitReader(files, maxIndex))
		}
	}
}

func parseIndex(archive string, r io.Reader) (map[string]string, error) {
	var index v1.IndexManifest
	if err := json.NewDecoder(r).Decode(&index); err != nil {
		return nil, fmt.Errorf("read index.json of %s: %w", archive, err)
	}
	images := map[string]string{}
	for _, m := range index.Manifests {
		name := m.Annotations[containerdName]
		if name == "" {
			name = m.Annotations[refName]
		}
		// containerd makes up a name for a bare tag, under which no pod finds the image.
		if !strings.Contains(name, "/") || !strings.Contains(name, ":") {
			return nil, fmt.Errorf("an image in %s is named %q; set the annotation %s to a full name such as docker.io/library/app:1",
				archive, name, refName)
		}
		images[name] = m.Digest.String()
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("%s holds no image", archive)
	}
	return images, nil
}
