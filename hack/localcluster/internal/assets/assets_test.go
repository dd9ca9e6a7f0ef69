package assets

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeSource makes a source folder with one small module in it.
func writeSource(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, "module", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var (
	hello = map[string]string{
		"go.mod":  "module example.com/hello\n\ngo 1.26\n",
		"main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
	}
	helloBuild = build{name: "hello", version: "1", dir: "module", packages: []string{"."}, links: []string{"hallo"}}
)

func TestFolder(t *testing.T) {
	t.Parallel()
	source := writeSource(t, hello)
	original, err := helloBuild.folder(source)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(original, "hello-1-") {
		t.Errorf("folder = %q, want it to name the build and the version", original)
	}
	if again, err := helloBuild.folder(source); err != nil || again != original {
		t.Errorf("second time = %q, %v; want %q", again, err, original)
	}

	changed := func(change func(*build)) build {
		b := helloBuild
		change(&b)
		return b
	}
	for name, tc := range map[string]struct {
		build  build
		source map[string]string
	}{
		"another version": {build: changed(func(b *build) { b.version = "2" }), source: hello},
		"other flags":     {build: changed(func(b *build) { b.ldflags = "-X main.v=1" }), source: hello},
		"other tags":      {build: changed(func(b *build) { b.tags = "small" }), source: hello},
		"an edited file": {build: helloBuild, source: map[string]string{
			"go.mod": hello["go.mod"], "main.go": "package main\n\nfunc main() {}\n",
		}},
		"a further file": {build: helloBuild, source: map[string]string{
			"go.mod": hello["go.mod"], "main.go": hello["main.go"], "go.sum": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.build.folder(writeSource(t, tc.source))
			if err != nil {
				t.Fatal(err)
			}
			if got == original {
				t.Errorf("folder = %q, the same as before", got)
			}
		})
	}
}

func TestEnsureBuildsOnce(t *testing.T) {
	t.Parallel()
	var screen syncBuffer
	cache := Cache{Dir: t.TempDir(), Source: writeSource(t, hello), Progress: NewProgress(&screen)}

	var runs sync.WaitGroup
	for range 3 {
		runs.Go(func() {
			folders, err := cache.ensure(context.Background(), []build{helloBuild})
			if err != nil {
				t.Error(err)
				return
			}
			for _, program := range []string{"hello", "hallo"} {
				if _, err := os.Stat(filepath.Join(cache.Dir, folders["hello"], program)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	runs.Wait()
	if got := strings.Count(screen.String(), "built in"); got != 1 {
		t.Errorf("built %d times, want once:\n%s", got, screen.String())
	}
}

func TestEnsureLeavesNothingOfAFailure(t *testing.T) {
	t.Parallel()
	source := writeSource(t, map[string]string{
		"go.mod": hello["go.mod"], "main.go": "package main\n\nfunc main() { undefined() }\n",
	})
	cache := Cache{Dir: t.TempDir(), Source: source, Progress: NewProgress(&syncBuffer{})}
	_, err := cache.ensure(context.Background(), []build{helloBuild})
	if err == nil || !strings.Contains(err.Error(), "undefined: undefined") {
		t.Errorf("error = %v, want the compiler's message", err)
	}
	entries, err := os.ReadDir(cache.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	const output = `go: downloading example.com/a v1.0.0
internal/cpu
runtime
# example.com/a
./main.go:3:2: undefined: x
`
	var counts []int
	messages, err := follow(strings.NewReader(output), func(n int) { counts = append(counts, n) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("# example.com/a\n./main.go:3:2: undefined: x\n", messages); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// syncBuffer is a screen for several runs at once.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
