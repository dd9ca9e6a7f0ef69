package fastapi

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// row is what truth says of an endpoint.
type row struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
}

const casesFolder = "../../../test/endpoints/cases/fastapi"

// TestCases: each case is resolved to exactly what FastAPI said when it ran.
func TestCases(t *testing.T) {
	folders, err := filepath.Glob(casesFolder + "/*/truth.json")
	if err != nil || len(folders) < 25 {
		t.Fatalf("found %d cases (%v), want at least 25", len(folders), err)
	}
	for _, truth := range folders {
		folder := filepath.Dir(truth)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			found := Resolve(context.Background(), python.NewProject(context.Background(), readFiles(t, filepath.Join(folder, "project"))))
			if diff := cmp.Diff(readTruth(t, truth), rowsOf(found)); diff != "" {
				t.Errorf("what runs (-), and what was found (+):\n%s\n%v", diff, found.Diagnostics)
			}
		})
	}
}

func readTruth(t *testing.T, file string) []row {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Endpoints []row `json:"endpoints"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	return sorted(document.Endpoints)
}

func rowsOf(found route.Found) []row {
	var rows []row
	for _, r := range found.Routes {
		rows = append(rows, row{Method: r.Method, Path: r.Path, Summary: r.Summary, Description: r.Description, Tags: r.Tags})
	}
	return sorted(rows)
}

func sorted(rows []row) []row {
	for i := range rows {
		rows[i].Tags = append([]string{}, rows[i].Tags...)
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return rows
}

func readFiles(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
