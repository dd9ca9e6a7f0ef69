package flask

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const cases = "../../../test/endpoints/cases/flask"

// row is what a truth.json says of an endpoint.
type row struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
}

func TestCases(t *testing.T) {
	folders, err := os.ReadDir(cases)
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) < 25 {
		t.Fatalf("%d cases, want at least 25", len(folders))
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			at := filepath.Join(cases, folder.Name())
			found := resolve(t.Context(), read(t, filepath.Join(at, "project")))
			if diff := cmp.Diff(truth(t, filepath.Join(at, "truth.json")), rowsOf(found)); diff != "" {
				t.Errorf("rows (-want +got):\n%s\ndiagnostics: %+v", diff, found.Diagnostics)
			}
			for _, r := range found.Routes {
				if r.File == "" || r.Line == 0 {
					t.Errorf("%s %s has no place", r.Method, r.Path)
				}
			}
		})
	}
}

func resolve(ctx context.Context, files map[string][]byte) route.Found {
	return Resolve(ctx, python.NewProject(ctx, files))
}

func read(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		files[filepath.ToSlash(relative)] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func truth(t testing.TB, file string) []row {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Endpoints []row `json:"endpoints"`
	}
	if err := json.Unmarshal(content, &said); err != nil {
		t.Fatal(err)
	}
	return ordered(said.Endpoints)
}

func rowsOf(found route.Found) []row {
	rows := []row{}
	for _, r := range found.Routes {
		tags := r.Tags
		if tags == nil {
			tags = []string{}
		}
		rows = append(rows, row{r.Method, r.Path, r.Summary, r.Description, tags})
	}
	return ordered(rows)
}

func ordered(rows []row) []row {
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].Path != rows[j].Path {
			return rows[i].Path < rows[j].Path
		}
		return rows[i].Method < rows[j].Method
	})
	return rows
}
