package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const testName = "docker.io/codebegen/preview-manager:dev"

// testArchive writes an image with one program and returns the archive's bytes.
func testArchive(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	layer, err := fileLayer([]layerFile{{Path: "/usr/local/bin/program", Source: program, Mode: 0o755}})
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layer)
	if err != nil {
		t.Fatal(err)
	}
	current, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	r := recipe{Name: "preview-manager", Path: "/usr/local/bin/program", User: "65532:65532"}
	image, err = mutate.ConfigFile(image, builder{Tag: "dev"}.config(r, current))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "image.tar")
	if _, err := writeArchive(path, testName, image); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// untar returns the files of an archive, and its folders with no content.
func untar(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	files := map[string]string{}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(content)
	}
}

func TestArchiveIsAnImageLayoutThatNamesItsImage(t *testing.T) {
	files := untar(t, bytes.NewReader(testArchive(t)))
	if got, want := files["oci-layout"], `{"imageLayoutVersion":"1.0.0"}`; got != want {
		t.Errorf("oci-layout is %s, want %s", got, want)
	}
	for name, content := range files {
		digest, isBlob := strings.CutPrefix(name, "blobs/sha256/")
		if sum := sha256.Sum256([]byte(content)); isBlob && hex.EncodeToString(sum[:]) != digest {
			t.Errorf("%s holds something else", name)
		}
	}

	var index v1.IndexManifest
	if err := json.Unmarshal([]byte(files["index.json"]), &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Manifests) != 1 {
		t.Fatalf("the index has %d manifests, want 1", len(index.Manifests))
	}
	wantNames := map[string]string{"io.containerd.image.name": testName, "org.opencontainers.image.ref.name": "dev"}
	if diff := cmp.Diff(wantNames, index.Manifests[0].Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}

	var manifest v1.Manifest
	if err := json.Unmarshal([]byte(files[blobPath(index.Manifests[0].Digest)]), &manifest); err != nil {
		t.Fatal(err)
	}
	var config v1.ConfigFile
	if err := json.Unmarshal([]byte(files[blobPath(manifest.Config.Digest)]), &config); err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || len(config.RootFS.DiffIDs) != 1 {
		t.Errorf("user %q and %d layers, want 65532:65532 and 1", config.Config.User, len(config.RootFS.DiffIDs))
	}
	unzipped, err := gzip.NewReader(strings.NewReader(files[blobPath(manifest.Layers[0].Digest)]))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"usr/": "", "usr/local/": "", "usr/local/bin/": "", "usr/local/bin/program": "a program"}
	if diff := cmp.Diff(want, untar(t, unzipped)); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

func TestSameInputMakesSameArchive(t *testing.T) {
	if !bytes.Equal(testArchive(t), testArchive(t)) {
		t.Error("two archives of the same image differ")
	}
}

func TestSelected(t *testing.T) {
	for name, tc := range map[string]struct {
		args    []string
		want    int
		wantErr bool
	}{
		"all":         {nil, len(recipes), false},
		"short name":  {[]string{"manager"}, 1, false},
		"full names":  {[]string{"preview-gateway", "preview-runtime-python"}, 2, false},
		"no such one": {[]string{"kernel"}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := selected(tc.args)
			if (err != nil) != tc.wantErr || len(got) != tc.want {
				t.Errorf("selected(%v) = %d recipes, %v", tc.args, len(got), err)
			}
		})
	}
}

func TestWriteWholeLeavesNothingBehindOnFailure(t *testing.T) {
	dir := t.TempDir()
	failure := errors.New("disk full")
	err := writeWhole(filepath.Join(dir, "out"), func(w io.Writer) error {
		if _, err := w.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
