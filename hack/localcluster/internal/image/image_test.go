package image

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!"), 0o755); err != nil {
		t.Fatal(err)
	}
	const name = "docker.io/library/program:1"
	var digests []string
	for _, file := range []string{"a.tar", "b.tar"} {
		archive := filepath.Join(dir, file)
		if err := WriteSingleBinary(archive, name, program); err != nil {
			t.Fatal(err)
		}
		images, err := Contents(archive)
		if err != nil {
			t.Fatal(err)
		}
		if len(images) != 1 || !strings.HasPrefix(images[name], "sha256:") {
			t.Fatalf("images = %v, want one called %s", images, name)
		}
		digests = append(digests, images[name])
	}
	// Loading is skipped by digest, which only works if nothing of the day gets in.
	if digests[0] != digests[1] {
		t.Errorf("the same program gives the digests %v", digests)
	}
}

func TestContentsRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, content, wantErr string
	}{
		"another kind of archive": {file: "manifest.json", content: "[]", wantErr: "not an OCI archive"},
		"an empty index":          {file: "index.json", content: `{"schemaVersion":2}`, wantErr: "holds no image"},
		"a broken index":          {file: "index.json", content: `{`, wantErr: "index.json"},
		"a bare tag": {
			file:    "index.json",
			content: `{"manifests":[{"digest":"sha256:` + strings.Repeat("a", 64) + `","annotations":{"org.opencontainers.image.ref.name":"latest"}}]}`,
			wantErr: "full name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "image.tar")
			archive, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			w := tar.NewWriter(archive)
			if err := w.WriteHeader(&tar.Header{Name: tc.file, Mode: 0o644, Size: int64(len(tc.content))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(tc.content)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if err := archive.Close(); err != nil {
				t.Fatal(err)
			}
			_, err = Contents(path)
			if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("error = %v, want one that says %q", err, tc.wantErr)
			}
		})
	}
}
